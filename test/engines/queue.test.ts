import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startEmbeddedSqs } from '../../engines/embedded-sqs.ts';
import type { Engine } from '../../engines/engine.ts';
import { createWorld, type World } from '../../engines/world.ts';
import { createSchedulerQueue } from '../../functions/aws/scheduler-queue.ts';
import { MESSAGES_PER_BATCH } from '../../functions/copy-segment/stores.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import { adaptersOn } from '../support/adapters.ts';
import { NOW } from '../support/builders.ts';

const message = (taskId: bigint, overrides: Partial<TaskMessage['body']> = {}): TaskMessage => ({
  key: { jobId: 2n ** 63n - 1n, taskId },
  body: {
    schema: 1,
    jobId: String(2n ** 63n - 1n),
    taskId: String(taskId),
    collectionId: '449999999999999991',
    taskVersion: 0,
    attempt: 1,
    reason: 'pending',
    enqueuedAt: NOW,
    ...overrides,
  },
});
const batch = Array.from({ length: MESSAGES_PER_BATCH }, (_, index) => message(2n ** 53n + BigInt(index)));

describe.each([{ fifo: false }, { fifo: true }])('the scheduler queue, fifo: $fifo', ({ fifo }) => {
  let sqs: Engine;
  let world: World;
  beforeAll(async () => {
    sqs = await startEmbeddedSqs();
    const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    world = await createWorld(
      {
        dynamo: { ...identity, endpoint: inject('dynamoEndpoint') },
        sqs: { ...identity, endpoint: sqs.endpoint },
      },
      { prefix: 'queue', fifo },
    );
  });
  afterAll(async () => {
    await world.destroy();
    await sqs.stop();
  });

  const send = (messages: readonly TaskMessage[]) =>
    createSchedulerQueue(adaptersOn(world).clients, world.queueUrl, () => NOW).send(messages);
  const received = () => Array.fromAsync(world.receive());
  const byTask = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
    Number(BigInt(String(a.taskId)) - BigInt(String(b.taskId)));

  it('takes a full batch in one request, ids and counters as they are', async () => {
    expect(await send(batch)).toEqual(batch.map(() => ({ kind: 'sent' })));
    expect((await received()).sort(byTask)).toEqual(batch.map(({ body }) => body));
  });

  it('hands a task out again when it is sent with another counter', async () => {
    const sent = [message(31n), message(31n, { attempt: 2 }), message(31n, { taskVersion: 1 })];
    for (const each of sent) expect(await send([each])).toEqual([{ kind: 'sent' }]);
    expect(await received()).toHaveLength(3);
  });

  it('says of every message that it failed when the queue is not there', async () => {
    const queue = createSchedulerQueue(
      adaptersOn(world).clients,
      world.queueUrl.replace('queue-', 'gone-'),
      () => NOW,
    );
    const outcomes = await queue.send(batch.slice(0, 3));
    const reason = expect.stringContaining('QueueDoesNotExist');
    expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'failed', reason })));
    expect(outcomes).toHaveLength(3);
  });
});
