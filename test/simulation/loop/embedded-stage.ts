import { createLastTask } from '../../../functions/aws/last-task.ts';
import { createMeter, meteredClients } from '../../../functions/aws/metered-clients.ts';
import { createSchedulerQueue } from '../../../functions/aws/scheduler-queue.ts';
import { createSingleItems } from '../../../functions/aws/single-items.ts';
import { createTableReads } from '../../../functions/aws/table-reads.ts';
import { createTransact } from '../../../functions/aws/transact.ts';
import { createWriter } from '../../../functions/aws/write-changes.ts';
import { cancelled } from '../../support/cancelled.ts';
import { type Disturbance, disturbedClients, embeddedWorld } from '../../support/embedded-world.ts';
import { inKeyOrder, SHARDS } from '../stage.ts';
import { memoryBucket } from './memory-bucket.ts';
import type { LoopStage, Ports } from './stage.ts';

/** Every so many transactions are cancelled for what passes by itself: no engine here does so. */
const CONFLICTS = ['TransactionConflict', 'ThrottlingError'] as const;
const TRANSACTIONS_PER_CONFLICT = 3;

/** The embedded engines, through the same adapters as the functions; the objects are in memory. */
export async function embeddedLoopStage(): Promise<LoopStage> {
  const world = await embeddedWorld({ shards: SHARDS });
  const { tables, queueUrl, clock } = world;
  const { store, bucket } = memoryBucket();
  const queue: string[] = [];
  let transactions = 0;

  const conflicting: Disturbance = async ({ operation, input, proceed }) => {
    if (operation !== 'TransactWriteItems' && operation !== 'TransactWrite') return proceed();
    if (++transactions % TRANSACTIONS_PER_CONFLICT !== 0) return proceed();
    const code = CONFLICTS[(transactions / TRANSACTIONS_PER_CONFLICT) % CONFLICTS.length] ?? CONFLICTS[0];
    const parts = (input.TransactItems as unknown[]).length;
    throw cancelled([code, ...Array<string>(parts - 1).fill('None')]);
  };
  const clients = disturbedClients(conflicting);
  const metered = meteredClients(clients, createMeter(), new AbortController().signal);
  const sqs = createSchedulerQueue(metered, queueUrl, () => clock.now);
  const ports: Ports = {
    ...createTableReads(metered, tables),
    write: createWriter(metered, tables, { takesSeveralRemoves: true }),
    transact: createTransact(metered, tables),
    lastTask: createLastTask(metered, tables),
    items: createSingleItems(clients.dynamo, tables),
    queue: {
      async send(messages) {
        const outcomes = await sqs.send(messages);
        for (const [index, { body }] of messages.entries())
          if (outcomes[index]?.kind === 'sent') queue.push(JSON.stringify(body));
        return outcomes;
      },
    },
    objects: store,
  };
  return {
    clock,
    queue,
    ports: () => ports,
    put: world.put,
    async tables() {
      const items = await world.items();
      return { ...items, segments: inKeyOrder(items.segments, 'segmentId') };
    },
    bucket,
    freezeIndex() {},
  };
}
