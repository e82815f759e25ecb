import { meteredClients } from '../../functions/aws/metered-clients.ts';
import { createSchedulerQueue } from '../../functions/aws/scheduler-queue.ts';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import { createWriter } from '../../functions/aws/write-changes.ts';
import type { Stores } from '../../functions/copy-segment/stores.ts';
import { inspectorOver } from '../../functions/inspector/inspector.ts';
import { createTally } from '../../functions/inspector/report/tally.ts';
import { disturbedClients, embeddedWorld } from '../support/embedded-world.ts';
import { inKeyOrder, SHARDS, type Stage } from './stage.ts';

/** The embedded engines, through the same ports as the Lambda. */
export async function embeddedStage(): Promise<Stage> {
  const world = await embeddedWorld({ shards: SHARDS });
  const { tables, queueUrl, clock } = world;
  const clients = disturbedClients();
  const engine = { takesSeveralRemoves: true };
  const queue: Stage['queue'] = [];
  const storesOf = (meter: ReturnType<typeof createTally>['meter'], signal: AbortSignal): Stores => {
    const metered = meteredClients(clients, meter, signal);
    const sqs = createSchedulerQueue(metered, queueUrl, () => clock.now);
    return {
      ...createTableReads(metered, tables),
      write: createWriter(metered, tables, engine),
      queue: {
        async send(messages) {
          const outcomes = await sqs.send(messages);
          for (const [index, { body }] of messages.entries())
            if (outcomes[index]?.kind === 'sent') queue.push(body);
          return outcomes;
        },
      },
    };
  };
  const parties = storesOf(createTally().meter, new AbortController().signal);
  return {
    clock,
    queue,
    put: world.put,
    async items() {
      const items = await world.items();
      return { ...items, segments: inKeyOrder(items.segments, 'segmentId') };
    },
    write: parties.write,
    beginStep() {},
    inspector: (decorate) =>
      inspectorOver((meter, signal) => decorate(storesOf(meter, signal), signal), {
        shards: SHARDS,
        now: () => clock.now,
      }),
  };
}
