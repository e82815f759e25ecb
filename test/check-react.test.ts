import { describe, expect, it } from 'vitest';
import { HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { done, submitted } from './support/checker-world.ts';
import type { Disturbance } from './support/embedded-world.ts';
import { type ReactiveWorld, reactiveWorld } from './support/reactive-world.ts';

const later = { dueAt: NOW + HOUR };

/** As a worker does that gives no hints, in whatever language it is written. */
async function end(world: ReactiveWorld, taskId: bigint, state: 'Completed' | 'Failed', reason?: string) {
  const { leaseExpiresAt, dueAt, ...rest } = (await world.task(taskId)) ?? {};
  const failed = { reason, dueAt: world.clock.now };
  await world.put('tasks', {
    ...rest,
    state,
    completedAt: world.clock.now,
    ...(state === 'Failed' && failed),
  });
}

/** A restore of this many tasks under way, whose next look is an hour ahead. */
async function restore(tasks: number, overrides = {}): Promise<ReactiveWorld> {
  const world = await reactiveWorld();
  const taskIds = Array.from({ length: tasks }, (_, index) => BigInt(index + 1));
  await world.has(
    submitted(tasks, tasks, { ...later, ...overrides }),
    taskIds.map((taskId) => task({ taskId, ...leased, targets: [taskId + 1_000n] })),
    taskIds.map((taskId) => segment(taskId + 1_000n)),
  );
  await world.react();
  return world;
}

describe('a reaction of the checker', () => {
  it('publishes and completes a job with its last task, without a hint', async () => {
    const world = await restore(3);
    for (const taskId of [2n, 3n]) await end(world, taskId, 'Completed');
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW + HOUR) });
    await end(world, 1n, 'Completed');
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Flushed');
  });

  it('fails a job with the first task that fails, and the inspector drops all of it', async () => {
    const world = await restore(3);
    await end(world, 1n, 'Completed');
    await end(world, 2n, 'Failed', 'disk');
    await world.react();
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason: '1/3 tasks failed: disk',
      segmentsDroppedAt: BigInt(NOW),
    });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Dropped');
  });

  it('reads one task for a completion after which tasks are left, however many there are', async () => {
    const world = await restore(300);
    await world.records('tasks');
    await end(world, 1n, 'Completed');
    const { report } = await world.checkerReacts(await world.records('tasks'));
    expect(report).toMatchObject({ mode: 'react', complete: true, read: { tasks: 0 } });
    expect(report.requests.byOperation).toEqual({ BatchGetItem: 1, Query: 1 });
    expect(report.capacity.readUnits).toBeLessThanOrEqual(2);
    expect(report.capacity.writeUnits).toBe(0);
  });

  it.each<[string, (ids: bigint[]) => bigint[]]>([
    ['ascending', (ids) => ids],
    ['descending', (ids) => ids.toReversed()],
    [
      'from the middle out',
      (ids) => ids.toSorted((a, b) => Number((a * 37n) % 101n) - Number((b * 37n) % 101n)),
    ],
  ])(
    'reads each task once or twice in all, and one per reaction, when tasks complete %s',
    async (_, order) => {
      const world = await restore(100);
      const ids = Array.from({ length: 100 }, (_unused, index) => BigInt(index + 1));
      await world.records('tasks');
      let units = 0;
      for (const taskId of order(ids)) {
        await end(world, taskId, 'Completed');
        const { report } = await world.checkerReacts(await world.records('tasks'));
        units += report.read.tasks === 0 ? report.capacity.readUnits : 0;
      }
      expect(await world.job()).toMatchObject({ state: 'Completed' });
      // Per reaction a job, a task that is left, and at times the next ones.
      expect(units).toBeLessThanOrEqual(4 * ids.length);
    },
  );

  it('makes one look of all that ended in a batch', async () => {
    const world = await restore(100);
    await world.records('tasks');
    for (let taskId = 1n; taskId <= 100n; taskId++) await end(world, taskId, 'Completed');
    const { report } = await world.checkerReacts(await world.records('tasks'));
    expect(report).toMatchObject({ read: { jobs: 1, tasks: 100 }, jobs: { publishing: 1, completed: 1 } });
  });

  it('is not misled by records that come twice, late, or about what is gone', async () => {
    const world = await restore(2);
    await world.records('tasks');
    await end(world, 1n, 'Completed');
    await end(world, 2n, 'Completed');
    const records = await world.records('tasks');
    await world.checkerReacts([...records, ...records.toReversed()]);
    const over = await world.items();
    expect(over.jobs).toMatchObject([{ state: 'Completed' }]);
    await world.checkerReacts(records);
    expect(await world.items()).toEqual(over);
    await world.remove('jobs', { jobId: 1n });
    const { report, response } = await world.checkerReacts(records);
    expect(report).toMatchObject({ complete: true, problems: [], read: { jobs: 0 } });
    expect(response).toEqual({ batchItemFailures: [] });
  });

  it('does the rest of a batch in which a record names no item, and names that one', async () => {
    const world = await restore(1);
    await world.records('tasks');
    await end(world, 1n, 'Completed');
    const poison = { dynamodb: { SequenceNumber: '77', Keys: { jobId: { S: '1' } } } };
    const { response } = await world.checkerReacts([poison, ...(await world.records('tasks'))]);
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: '77' }] });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('has records delivered again whose job could not be looked at, and no others', async () => {
    const world = await restore(1);
    await world.has(submitted(1, 1, { jobId: 2n, ...later }), done(1n, [2_001n], { jobId: 2n }));
    await world.put('segments', segment(2_001n, 'Importing', { jobId: 2n }).item);
    await end(world, 1n, 'Completed');
    const records = (await world.records('tasks')).slice(-2);
    const disturb: Disturbance = ({ operation, input, proceed }) => {
      const { ExpressionAttributeValues: values } = input as {
        ExpressionAttributeValues?: Record<string, unknown>;
      };
      if (operation === 'Query' && values?.[':jobId'] === 2n) throw new Error('no answer');
      return proceed();
    };
    const { response } = await world.checkerReacts(records, { disturb });
    expect(response.batchItemFailures).toHaveLength(1);
    expect(await world.job(1n)).toMatchObject({ state: 'Completed' });
    expect(await world.job(2n)).toMatchObject({ state: 'Executing' });
    await world.checkerReacts(
      records.filter(
        ({ dynamodb }) => dynamodb.SequenceNumber === response.batchItemFailures[0]?.itemIdentifier,
      ),
    );
    expect(await world.job(2n)).toMatchObject({ state: 'Completed' });
  });

  it('leaves a job that cannot be read to the schedule', async () => {
    const world = await reactiveWorld();
    await world.has(job({ state: 'Paused' as 'Pending', ...later }), task({ state: 'Failed' }));
    const before = await world.job();
    await world.react();
    expect(await world.job()).toEqual(before);
  });

  it('starts nothing when Lambda leaves it no time', async () => {
    const world = await restore(1);
    await world.records('tasks');
    await end(world, 1n, 'Completed');
    const { report } = await world.checkerReacts(await world.records('tasks'), { remainingMs: () => 2_000 });
    expect(report).toMatchObject({ complete: false, requests: { total: 0 } });
  });
});

describe('a job without totalTasks, of another writer, who knows alone how many tasks are to come', () => {
  const theirs = { totalTasks: null, totalSegments: null, dueAt: null };

  it('is Completed within the second minute after its last task, without a hint or a marker', async () => {
    const world = await restore(2, theirs);
    await end(world, 1n, 'Completed');
    await world.react();
    expect(await world.job()).not.toHaveProperty('dueAt');
    await end(world, 2n, 'Completed');
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW + MINUTE) });
    world.clock.now += MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Flushed');
  });

  it('is not Completed before its writer has created the rest, though all that is there was Completed', async () => {
    const world = await restore(1, theirs);
    await end(world, 1n, 'Completed');
    await world.react();
    world.clock.now += MINUTE / 2;
    await world.has(task({ taskId: 2n, ...leased, targets: [1_002n] }), segment(1_002n));
    world.clock.now += MINUTE / 2;
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Executing' });
    await end(world, 2n, 'Completed');
    await world.react();
    // A minute from the last completion on, not from the first one.
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(world.clock.now + MINUTE) });
    world.clock.now += MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await world.segment(1_002n)).toMatchObject({ state: 'Flushed' });
  });

  it('stays as overdue as it is, which is how a missing checker is noticed', async () => {
    const world = await restore(1, { ...theirs, dueAt: NOW - HOUR });
    await end(world, 1n, 'Completed');
    await world.react();
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW - HOUR) });
  });

  it('fails at once with a task that fails', async () => {
    const world = await restore(2, theirs);
    await end(world, 1n, 'Failed', 'disk');
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: '1/2 tasks failed: disk' });
  });

  it('costs a few units per completion, though each task is Completed before the next one is created', async () => {
    const world = await restore(1, theirs);
    for (let taskId = 1n; taskId <= 120n; taskId++) {
      await world.has(task({ taskId, ...leased, targets: [taskId + 1_000n] }));
      await world.records('tasks');
      await end(world, taskId, 'Completed');
      const { report } = await world.checkerReacts(await world.records('tasks'));
      expect(report.read.tasks).toBe(0);
      expect(report.capacity.readUnits).toBeLessThanOrEqual(3);
      expect(report.capacity.writeUnits).toBeLessThanOrEqual(4);
    }
  });

  it('that is Pending is left alone: nothing starts it but its writer', async () => {
    const world = await restore(1, { ...theirs, state: 'Pending' });
    const before = await world.job();
    await end(world, 1n, 'Completed');
    await world.react();
    expect(await world.job()).toEqual(before);
  });
});

describe('a job that is being filled by a submit', () => {
  it('is started and Completed with its last task, though that ends before the submit has sealed the job', async () => {
    const world = await restore(2, { state: 'Pending' });
    for (const taskId of [1n, 2n]) await end(world, taskId, 'Completed');
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    // Nothing that the checker wrote has woken it.
    expect(world.sources.checkerOnTasks.counts()).toMatchObject({ matched: 2, invocations: 1 });
  });

  it('is Completed when the submit seals it just before the checker does', async () => {
    const world = await restore(1, { state: 'Pending' });
    await end(world, 1n, 'Completed');
    let isSealed = false;
    const disturb: Disturbance = async ({ operation, proceed }) => {
      if (!isSealed && /Update|Execute/.test(operation)) {
        isSealed = true;
        await world.changeJob({ state: 'Executing', dueAt: NOW });
      }
      return proceed();
    };
    await world.checkerReacts((await world.records('tasks')).slice(-1), { disturb });
    expect(isSealed).toBe(true);
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('has its tasks read once, when all of them are there, however many end before', async () => {
    const world = await restore(0, { state: 'Pending', totalTasks: 60, totalSegments: 60 });
    for (let taskId = 1n; taskId <= 60n; taskId++) {
      await world.has(task({ taskId, ...leased, targets: [taskId + 1_000n] }), segment(taskId + 1_000n));
      await world.records('tasks');
      await end(world, taskId, 'Completed');
      const { report } = await world.checkerReacts(await world.records('tasks'));
      expect(report.read.tasks).toBe(taskId < 60n ? 0 : 60);
      expect(await world.job()).toMatchObject({ state: taskId < 60n ? 'Pending' : 'Completed' });
    }
  });
});
