import { describe, expect, it } from 'vitest';
import { job, leased, MINUTE, NOW, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld } from './support/embedded-world.ts';

interface Entry {
  Id: string;
  MessageBody: string;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
}
const entriesOf = ({ input }: DisturbedCall): Entry[] => input.Entries as Entry[];
const taskIds = (messages: { taskId: string }[]): number[] => messages.map(({ taskId }) => Number(taskId));

/** What crosses the wire: the SQS engine keeps no message group on a standard queue. */
function tapped(entries: Entry[]) {
  return async (call: DisturbedCall): Promise<unknown> => {
    if (call.operation === 'SendMessageBatch') entries.push(...entriesOf(call));
    return call.proceed();
  };
}

describe('a standard queue', () => {
  it('is fair: messages are grouped by their job', async () => {
    const world = await embeddedWorld();
    await world.has(job({ jobId: 5n }), task({ jobId: 5n, taskId: 1n }), task({ jobId: 5n, taskId: 2n }));
    const entries: Entry[] = [];
    await world.pass({}, { disturb: tapped(entries) });
    expect(entries.map(({ MessageGroupId }) => MessageGroupId)).toEqual(['5', '5']);
    expect(entries.map(({ MessageDeduplicationId }) => MessageDeduplicationId)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a FIFO queue', () => {
  it('has a group per task, and a deduplication id with both counters', async () => {
    const world = await embeddedWorld({ fifo: true });
    await world.has(job({ jobId: 5n }), task({ jobId: 5n, taskId: 6n, taskVersion: 4, enqueueCount: 2 }));
    const entries: Entry[] = [];
    await world.pass({}, { disturb: tapped(entries) });
    expect(entries).toMatchObject([{ MessageGroupId: '5/6', MessageDeduplicationId: '5/6/4/3' }]);
  });

  it('does not swallow a task that came back: released, enqueued again, or recovered', async () => {
    const world = await embeddedWorld({ fifo: true });
    await world.has(job(), task({ ...leased, leaseExpiresAt: NOW + MINUTE }));
    await world.pass({ mode: 'recover' });
    world.clock.now = NOW + MINUTE;
    await world.pass();
    world.clock.now = NOW + 16 * MINUTE;
    await world.pass();
    const seen = (await world.messages()).map(({ taskVersion, attempt, reason }) => [
      taskVersion,
      attempt,
      reason,
    ]);
    expect(seen).toEqual([
      [1, 1, 'recovery'],
      [2, 1, 'lease-expired'],
      [2, 2, 'pending'],
    ]);
  });

  it('swallows the second of two passes that send the same task at once', async () => {
    const world = await embeddedWorld({ fifo: true });
    await world.has(job(), task());
    await Promise.all([world.pass(), world.pass()]);
    expect(await world.messages()).toHaveLength(1);
  });
});

describe('a message that SQS rejects', () => {
  it('leaves its task due and unmarked; the others of its batch are marked', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      [1n, 2n, 3n].map((taskId) => task({ taskId })),
    );
    const report = await world.pass(
      {},
      { disturb: reject('2', { SenderFault: true, Code: 'InvalidMessageContents' }) },
    );
    expect(taskIds(await world.messages())).toEqual([1, 3]);
    expect(await world.task(2n)).toMatchObject({ enqueueCount: 0n, dueAt: BigInt(NOW - MINUTE) });
    expect(await world.task(2n)).not.toHaveProperty('enqueuedAt');
    expect(await world.task(3n)).toMatchObject({ enqueueCount: 1n });
    expect(report.messages).toEqual({ sent: 2, failed: 1 });
    expect(report.problems).toEqual([
      { key: { jobId: '1', taskId: '2' }, kind: 'failed', reason: 'not sent: InvalidMessageContents: no' },
    ]);
    await world.pass();
    expect(taskIds(await world.messages())).toEqual([2]);
  });

  it('is sent again at once when the fault is not the sender’s', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      [1n, 2n].map((taskId) => task({ taskId })),
    );
    const report = await world.pass(
      {},
      { disturb: reject('2', { SenderFault: false, Code: 'InternalError' }, 2) },
    );
    expect(taskIds(await world.messages())).toEqual([1, 2]);
    expect(report.messages).toEqual({ sent: 2, failed: 0 });
  });

  /** The task's entry comes back as failed, the first `times`; the rest of the batch is accepted. */
  function reject(taskId: string, fault: { SenderFault: boolean; Code: string }, times = 1) {
    let rejections = 0;
    return async (call: DisturbedCall): Promise<unknown> => {
      if (call.operation !== 'SendMessageBatch') return call.proceed();
      const hit = entriesOf(call).find(({ MessageBody }) => JSON.parse(MessageBody).taskId === taskId);
      if (!hit || rejections >= times) return call.proceed();
      rejections++;
      call.input.Entries = entriesOf(call).filter((entry) => entry !== hit);
      const answer = (entriesOf(call).length > 0 ? await call.proceed() : { output: { $metadata: {} } }) as {
        output: { Failed?: unknown[] };
      };
      answer.output.Failed = [{ Id: hit.Id, Message: 'no', ...fault }];
      return answer;
    };
  }
});

describe('a queue that is down', () => {
  const down = async ({ operation, proceed }: DisturbedCall): Promise<unknown> => {
    if (operation === 'SendMessageBatch')
      throw Object.assign(new Error('no such queue'), { name: 'QueueDoesNotExist' });
    return proceed();
  };

  it('leaves every Pending task due, and does not stop drops', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 60 }, (_, index) => task({ taskId: BigInt(index + 1) })),
      task({ taskId: 100n, state: 'Failed' }),
    );
    const report = await world.pass({}, { disturb: down });
    expect(report.messages).toEqual({ sent: 0, failed: 60 });
    expect(report.tasks).toMatchObject({ enqueued: 0, failed: 60, settled: 1 });
    expect(report.problems[0]).toEqual({
      key: { jobId: '1', taskId: '1' },
      kind: 'failed',
      reason: 'not sent: QueueDoesNotExist: no such queue',
    });
    await world.pass();
    expect(taskIds(await world.messages())).toHaveLength(60);
  });

  it('is not asked again and again in one pass', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 100 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    let asked = 0;
    await world.pass(
      {},
      {
        disturb: async (call) => {
          if (call.operation === 'SendMessageBatch') asked++;
          return down(call);
        },
      },
    );
    expect(asked).toBe(3);
  });
});

describe('a task that moves on between read and mark', () => {
  it('is an outcome, not an error, and keeps what its worker wrote', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const claimed = task({ ...leased, taskVersion: 1 }).item;
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          const answer = await proceed();
          if (operation === 'SendMessageBatch') await world.put('tasks', claimed);
          return answer;
        },
      },
    );
    expect(report.tasks).toMatchObject({ enqueued: 0, movedOn: 1, failed: 0 });
    expect(report.problems).toEqual([]);
    expect(await world.task()).toMatchObject({
      state: 'InProgress',
      taskVersion: 1n,
      dueAt: BigInt(NOW + 10 * MINUTE),
    });
  });

  it('keeps its lease when the worker renewed it just before the release', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'InProgress', leaseExpiresAt: NOW - 1 }));
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'UpdateItem') await world.put('tasks', task(leased).item);
          return proceed();
        },
      },
    );
    expect(report.tasks).toMatchObject({ released: 0, movedOn: 1 });
    expect(await world.task()).toMatchObject({ state: 'InProgress', taskVersion: 1n, nodeId: 'datanode-1' });
    expect(await world.messages()).toEqual([]);
  });
});
