import { describe, expect, it } from 'vitest';
import type { LambdaRecord } from '../engines/table-stream.ts';
import { HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import type { Disturbance } from './support/embedded-world.ts';
import { reactiveWorld } from './support/reactive-world.ts';

const idsOf = (messages: readonly { taskId: string }[]): string[] => messages.map(({ taskId }) => taskId);
const sequenceNumberOf = (record: LambdaRecord | undefined): string => record?.dynamodb.SequenceNumber ?? '';
const recordOf = (records: readonly LambdaRecord[], taskId: bigint): LambdaRecord =>
  records.find(
    ({ dynamodb }) => (dynamodb.Keys.taskId as { N: string } | undefined)?.N === String(taskId),
  ) as LambdaRecord;

/** Fails the requests to the tables in which this number occurs. */
const failingOn =
  (id: bigint): Disturbance =>
  ({ operation, input, proceed }) => {
    const isIn = JSON.stringify(input, (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ).includes(String(id));
    if (operation === 'BatchExecuteStatement' && isIn) throw new Error('no answer');
    return proceed();
  };

describe('a reaction of the inspector', () => {
  it('sends a task that was created Pending to the scheduler, and marks it as a pass does', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ dueAt: NOW }));
    await world.react();
    expect(await world.messages()).toMatchObject([
      { jobId: '1', taskId: '1', reason: 'pending', attempt: 1 },
    ]);
    expect(await world.task()).toMatchObject({ enqueueCount: 1n, dueAt: BigInt(NOW + 15 * MINUTE) });
    expect((await world.pass()).messages.sent).toBe(0);
  });

  it('drops the targets of a task that failed, and settles it', async () => {
    const world = await reactiveWorld();
    await world.has(
      job(),
      task({ ...leased, targets: [11n, 12n] }),
      [11n, 12n].map((id) => segment(id)),
    );
    await world.react();
    await world.put('tasks', { ...(await world.task()), state: 'Failed', reason: 'disk', dueAt: NOW });
    await world.react();
    expect(await world.task()).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(NOW) });
    for (const id of [11n, 12n]) expect(await world.segment(id)).toMatchObject({ state: 'Dropped' });
  });

  it('drops every target of every task of a job that failed, and settles it', async () => {
    const world = await reactiveWorld();
    await world.has(
      job(),
      task({ taskId: 1n, state: 'Completed', targets: [11n] }),
      task({ taskId: 2n, ...leased, targets: [12n] }),
      [11n, 12n].map((id) => segment(id)),
    );
    await world.react();
    await world.put('jobs', { ...(await world.job()), state: 'Failed', reason: 'timeout', dueAt: NOW });
    await world.react();
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
    for (const id of [11n, 12n]) expect(await world.segment(id)).toMatchObject({ state: 'Dropped' });
  });

  it('sends a task that its worker handed over', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ ...leased, enqueueCount: 1, enqueuedAt: NOW - HOUR, taskVersion: 1 }));
    const { leaseExpiresAt, nodeId, ...rest } = (await world.task()) ?? {};
    await world.put('tasks', { ...rest, state: 'Pending', taskVersion: 2, enqueueCount: 0, dueAt: NOW });
    await world.react();
    expect(await world.messages()).toMatchObject([{ taskId: '1', taskVersion: 2 }]);
  });

  it('leaves a task alone that its worker retries later: what is due later is not sent early', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ ...leased, enqueueCount: 1, enqueuedAt: NOW - HOUR }));
    const { leaseExpiresAt, nodeId, ...rest } = (await world.task()) ?? {};
    await world.put('tasks', {
      ...rest,
      state: 'Pending',
      taskVersion: 2,
      enqueueCount: 0,
      dueAt: NOW + 15_000,
    });
    const before = await world.items();
    await world.react();
    expect(world.invocations().inspectorOnTasks).toBe(1);
    expect(await world.messages()).toEqual([]);
    expect(await world.items()).toEqual(before);
    world.clock.now = NOW + 15_000;
    await world.pass();
    expect(idsOf(await world.messages())).toEqual(['1']);
  });

  describe.each([1, 50, 1_000])('does at once what a writer did whose clock is %i ms ahead:', (ahead) => {
    const writersNow = NOW + ahead;

    it('sends a task that it created', async () => {
      const world = await reactiveWorld();
      await world.has(job(), task({ dueAt: writersNow }));
      await world.react();
      expect(idsOf(await world.messages())).toEqual(['1']);
      expect(await world.task()).toMatchObject({ enqueueCount: 1n, dueAt: BigInt(NOW + 15 * MINUTE) });
    });

    it('drops the targets of a task that it failed', async () => {
      const world = await reactiveWorld();
      await world.has(job(), task({ state: 'Failed', targets: [11n], dueAt: writersNow }), segment(11n));
      await world.react();
      expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    });

    it('drops every target of a job that it failed', async () => {
      const world = await reactiveWorld();
      await world.has(task({ state: 'Completed', targets: [11n] }), segment(11n));
      await world.has(job({ state: 'Failed', completedAt: writersNow, dueAt: writersNow }));
      await world.react();
      expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    });

    it('has the checker fail the job of a task that it failed, and the inspector drop all of it', async () => {
      const world = await reactiveWorld();
      await world.has(
        job({ dueAt: writersNow }),
        task({ state: 'Failed', targets: [11n], dueAt: writersNow, completedAt: writersNow }),
        segment(11n),
      );
      await world.react();
      expect(await world.job()).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(NOW) });
    });

    it('has the checker complete a job whose last task it completed', async () => {
      const world = await reactiveWorld();
      await world.has(
        job({ totalTasks: 1, totalSegments: 1, dueAt: writersNow }),
        task({ state: 'InProgress', targets: [11n] }),
        segment(11n),
      );
      await world.react();
      const { dueAt, ...rest } = (await world.task()) ?? {};
      await world.put('tasks', { ...rest, state: 'Completed', completedAt: writersNow });
      await world.react();
      expect(await world.job()).toMatchObject({ state: 'Completed' });
    });
  });

  it('sends in ascending order what came in any order, each once, however often it came', async () => {
    const world = await reactiveWorld();
    await world.has(job());
    for (const taskId of [3n, 1n, 10n, 2n]) await world.has(task({ taskId }));
    const records = await world.records('tasks');
    await world.inspectorReacts([...records, ...records.toReversed()]);
    await world.inspectorReacts(records);
    expect(idsOf(await world.messages())).toEqual(['1', '2', '3', '10']);
  });

  it('acts on what the table says by now, whatever the record says', async () => {
    const world = await reactiveWorld();
    await world.has(
      job(),
      task({ taskId: 1n }),
      task({ taskId: 2n }),
      task({ taskId: 3n }),
      task({ taskId: 4n }),
    );
    const records = await world.records('tasks');
    await world.remove('tasks', { jobId: 1n, taskId: 1n });
    await world.has(
      task({ taskId: 2n, ...leased }),
      task({ taskId: 3n, state: 'Completed' }),
      task({ taskId: 4n, state: 'Failed', targets: [41n] }),
      segment(41n),
    );
    const before = await world.items();
    const { report, response } = await world.inspectorReacts(records);
    expect(response).toEqual({ batchItemFailures: [] });
    expect(report).toMatchObject({ mode: 'react', complete: true, problems: [] });
    expect(await world.messages()).toEqual([]);
    expect(await world.segment(41n)).toMatchObject({ state: 'Dropped' });
    expect((await world.items()).tasks.slice(0, 2)).toEqual(before.tasks.slice(0, 2));
  });

  it('takes a record that names no item out of its batch, and does the rest of it', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ taskId: 1n }), task({ taskId: 2n }));
    const records = await world.records('tasks');
    const poison = { ...records[0], dynamodb: { SequenceNumber: '77', Keys: { id: { S: 'x' } } } };
    const { response, unreadable } = await world.inspectorReacts([records[0], poison, records[1]]);
    expect(unreadable).toEqual(['77']);
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: '77' }] });
    expect(idsOf(await world.messages())).toEqual(['1', '2']);
  });

  it('names the whole batch for a record without a sequence number', async () => {
    const world = await reactiveWorld();
    const { response } = await world.inspectorReacts([{}, null, 'nothing']);
    expect(response.batchItemFailures).toContainEqual({ itemIdentifier: '' });
  });

  it('has delivered again what it could not do; what was done is not done twice', async () => {
    const world = await reactiveWorld();
    await world.has(
      job(),
      task({ taskId: 1n, state: 'Failed', targets: [1_111_111n] }),
      task({ taskId: 2n, state: 'Failed', targets: [2_222_222n] }),
      [1_111_111n, 2_222_222n].map((id) => segment(id)),
    );
    const records = await world.records('tasks');
    const { response } = await world.inspectorReacts(records, { disturb: failingOn(2_222_222n) });
    expect(response.batchItemFailures).toContainEqual({
      itemIdentifier: sequenceNumberOf(recordOf(records, 2n)),
    });
    const again = await world.inspectorReacts(records);
    expect(again.response).toEqual({ batchItemFailures: [] });
    for (const id of [1_111_111n, 2_222_222n])
      expect(await world.segment(id)).toMatchObject({ state: 'Dropped' });
  });

  it('fails whole when no table answers, so that Lambda tries the batch again', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task());
    const records = await world.records('tasks');
    const disturb: Disturbance = () => {
      throw new Error('no answer');
    };
    const { response } = await world.inspectorReacts(records, { disturb });
    expect(response.batchItemFailures).toEqual(
      records.map((record) => ({ itemIdentifier: sequenceNumberOf(record) })),
    );
    expect(await world.messages()).toEqual([]);
  });

  it('leaves a task without a job to the schedule: its writer may be about to write the job', async () => {
    const world = await reactiveWorld();
    await world.has(task());
    const before = await world.items();
    await world.react();
    expect(world.invocations().inspectorOnTasks).toBe(1);
    expect(await world.items()).toEqual(before);
    await world.has(job());
    await world.pass();
    expect(idsOf(await world.messages())).toEqual(['1']);
  });

  it('enqueues what a writer created that sets no marker, and gives it one', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ dueAt: null, dueShard: null }));
    await world.react();
    expect(idsOf(await world.messages())).toEqual(['1']);
    expect(await world.task()).toMatchObject({ dueShard: 1n, dueAt: BigInt(NOW + 15 * MINUTE) });
  });

  it('starts nothing when Lambda leaves it no time, and asks for nothing again: the schedule does it', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task());
    const { report, response } = await world.inspectorReacts(await world.records('tasks'), {
      remainingMs: () => 2_000,
    });
    expect(report).toMatchObject({ complete: false, requests: { total: 0 } });
    expect(response).toEqual({ batchItemFailures: [] });
  });

  it('drops in a minute, with the reactions before it, no more than one pass may', async () => {
    const world = await reactiveWorld({ maxDrops: 3 });
    await world.has(job());
    const fail = async (...taskIds: bigint[]): Promise<void> => {
      await world.has(
        taskIds.map((taskId) => task({ taskId, state: 'Failed', targets: [10n * taskId] })),
        taskIds.map((taskId) => segment(10n * taskId)),
      );
      await world.react();
    };
    const droppedNow = async (): Promise<number> =>
      (await world.items()).segments.filter(({ state }) => state === 'Dropped').length;
    await fail(1n, 2n);
    await fail(3n, 4n);
    await fail(5n);
    expect(await droppedNow()).toBe(3);
    // What is withheld is looked at again in a quarter of an hour, as a pass has it.
    expect(await world.task(5n)).toMatchObject({ dueAt: BigInt(NOW + 15 * MINUTE) });
    world.clock.now += MINUTE;
    await fail(6n);
    expect(await droppedNow()).toBe(4);
  });

  it('costs a read of the task and a read of its job beside what a pass does as well', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task());
    const { report } = await world.inspectorReacts(await world.records('tasks'));
    expect(report.requests.byOperation).toEqual({
      BatchGetItem: 2,
      SendMessageBatch: 1,
      BatchExecuteStatement: 1,
    });
  });

  it('beside passes over the same tasks sends no task more often than each of them once, and marks all', async () => {
    const world = await reactiveWorld();
    const taskIds = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    await world.has(
      job(),
      taskIds.map((taskId) => task({ taskId })),
    );
    await Promise.all([world.pass(), world.react(), world.pass()]);
    const sent = Map.groupBy(idsOf(await world.messages()), (id) => id);
    expect(sent.size).toBe(taskIds.length);
    for (const [, each] of sent) expect(each.length).toBeLessThanOrEqual(3);
    for (const item of (await world.items()).tasks) expect(Number(item.dueAt)).toBeGreaterThan(NOW);
    await world.react();
    expect((await world.pass()).messages.sent).toBe(0);
  });
});

describe('the source of a function', () => {
  it('gathers records for its window, or until a batch is full', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task({ taskId: 1n }), task({ taskId: 2n }), task({ taskId: 3n }));
    const records = await world.records('tasks');
    const { eventSource } = await import('../engines/event-source.ts');
    const batches: number[] = [];
    const sourceOf = (windowMs: number) => {
      const left = [...records];
      return eventSource(
        { read: async () => left.splice(0, 1) },
        {
          patterns: [{}],
          windowMs,
          batchSize: 2,
          async invoke({ Records }) {
            batches.push(Records.length);
            return { batchItemFailures: [] };
          },
        },
      );
    };
    const patient = sourceOf(Number.POSITIVE_INFINITY);
    expect([await patient.poll(), patient.isGathering()]).toEqual([1, true]);
    expect(batches).toEqual([]);
    expect([await patient.poll(), patient.isGathering()]).toEqual([3, false]);
    expect(batches).toEqual([2]);
    expect([await sourceOf(0).poll(), batches]).toEqual([2, [2, 1]]);
  });

  it('delivers again from the first record that failed, a few times, and then gives up: the schedule does it', async () => {
    const world = await reactiveWorld();
    await world.has(job(), task());
    const { eventSource } = await import('../engines/event-source.ts');
    const records = await world.records('tasks');
    const poison = { ...records[0], dynamodb: { SequenceNumber: '77' } } as LambdaRecord;
    let isRead = false;
    const source = eventSource(
      { read: async () => (isRead ? [] : [poison, ...records]) },
      {
        patterns: [{}],
        async invoke({ Records }) {
          isRead = true;
          return (await world.inspectorReacts(Records)).response;
        },
      },
    );
    await source.poll();
    expect(source.counts()).toMatchObject({ matched: 2, invocations: 4, discarded: 2 });
    expect(idsOf(await world.messages())).toEqual(['1']);
  });
});
