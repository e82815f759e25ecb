import { describe, expect, it } from 'vitest';
import { job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';

const malformedTasks: [attribute: string, overrides: Record<string, unknown>, reason: RegExp][] = [
  [
    'an unknown state',
    { state: 'Paused' },
    /state: must be one of Pending, InProgress, Completed, Failed, is "Paused"/,
  ],
  ['no state', { state: null }, /state: is missing/],
  ['a text for a version', { taskVersion: '1' }, /taskVersion: must be a whole number \(N\)/],
  ['no version', { taskVersion: null }, /taskVersion: is missing/],
  ['half a version', { taskVersion: 1.5 }, /taskVersion: must be a whole number \(N\)/],
  ['a negative count', { enqueueCount: -1 }, /enqueueCount: must be between 0 and 2\^53-1/],
  ['a collection beyond int64', { collectionId: 2n ** 63n }, /collectionId: must be between 1 and 2\^63-1/],
  [
    'a text for a lease',
    { state: 'InProgress', leaseExpiresAt: 'soon' },
    /leaseExpiresAt: must be a whole number/,
  ],
];

describe('a task that cannot be read', () => {
  it.each(malformedTasks)('for %s is reported with its key and left alone', async (_, overrides, reason) => {
    const world = await embeddedWorld();
    await world.has(job(), task({ taskId: 1n, dueAt: NOW - 1, ...overrides }), task({ taskId: 2n }));
    const before = await world.task();
    for (const event of [{}, { mode: 'recover' }]) {
      const report = await world.pass(event);
      expect(report.verdicts.malformed).toBe(1);
      expect(report.problems).toEqual([
        { key: { jobId: '1', taskId: '1' }, kind: 'malformed', reason: expect.stringMatching(reason) },
      ]);
      expect(await world.task()).toEqual(before);
      expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['2']);
    }
  });

  it.each<[string, unknown, RegExp]>([
    ['no list of mappings', undefined, /idMappings: is missing/],
    ['a text for mappings', 'none', /idMappings: must be a list \(L\)/],
    [
      'a mapping without a target',
      [{ sourceSegmentId: 1n, partitionId: 3n }],
      /idMappings\.0\.targetSegmentId: is missing/,
    ],
    [
      'target 0',
      [{ sourceSegmentId: 1n, targetSegmentId: 0n, partitionId: 3n }],
      /targetSegmentId: must be between 1/,
    ],
  ])('for %s drops nothing when it has failed', async (_, idMappings, reason) => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ taskId: 1n, state: 'Failed', idMappings }),
      task({ taskId: 2n, state: 'Failed', targets: [11n] }),
      segment(11n),
    );
    const before = await world.task();
    const report = await world.pass();
    expect(report.problems).toEqual([
      { key: { jobId: '1', taskId: '1' }, kind: 'malformed', reason: expect.stringMatching(reason) },
    ]);
    expect(await world.task()).toEqual(before);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });
});

describe('a task of thousands of mappings that cannot be read', () => {
  it('is reported in a few words', async () => {
    const world = await embeddedWorld();
    const idMappings = Array.from({ length: 2_000 }, () => ({ sourceSegmentId: 1n }));
    await world.has(job(), task({ state: 'Failed', idMappings }));
    const { problems } = await world.pass();
    expect(problems[0]?.reason).toMatch(/^idMappings\.0\.targetSegmentId: is missing; .*and 3997 more$/);
    expect(problems[0]?.reason.length).toBeLessThanOrEqual(300);
  });
});

describe('a job that cannot be read', () => {
  it('is reported; its tasks are left alone, and those of others are not', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ jobId: 1n, state: 'Restoring' as 'Failed', dueAt: NOW - 1 }),
      task({ jobId: 1n }),
      job({ jobId: 2n }),
      task({ jobId: 2n }),
    );
    const before = { job: await world.job(), task: await world.task() };
    for (const event of [{}, { mode: 'recover' }]) {
      const report = await world.pass(event);
      expect({ job: await world.job(), task: await world.task() }).toEqual(before);
      expect((await world.messages()).map(({ jobId }) => jobId)).toEqual(['2']);
      const reason =
        'state: must be one of Pending, Executing, Publishing, Completed, Failed, is "Restoring"';
      expect(report.problems).toEqual([
        { key: { jobId: '1', taskId: '1' }, kind: 'malformed', reason: `its job cannot be read: ${reason}` },
        { key: { jobId: '1' }, kind: 'malformed', reason },
      ]);
    }
  });
});

describe('a marker of a kind that nobody should write', () => {
  it.each([NOW - 0.5, -1, 0])(
    '%d is a time to look, and hides nothing that is due after it',
    async (dueAt) => {
      const world = await embeddedWorld();
      await world.has(
        job(),
        task({ taskId: 1n, dueAt }),
        task({ taskId: 5n }),
        task({ taskId: 9n, dueAt: NOW }),
      );
      await world.pass();
      expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['1', '5', '9']);
    },
  );

  it('is no reason not to read the task; recovery mends it', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ taskId: 1n, dueAt: null }), task({ taskId: 2n, dueAt: null }));
    await world.put('tasks', { ...(await world.task(1n)), dueAt: 10n ** 20n });
    await world.put('tasks', { ...(await world.task(2n)), dueShard: 1.5, dueAt: NOW });
    await world.pass({ mode: 'recover' });
    expect(await world.messages()).toHaveLength(2);
    expect(await world.task(1n)).toMatchObject({ dueAt: BigInt(NOW + 15 * MINUTE) });
    expect(await world.task(2n)).toMatchObject({ dueShard: 2n, dueAt: BigInt(NOW + 15 * MINUTE) });
  });
});

describe('a place that cannot be read', () => {
  it('costs a walk from the first task, and is no reason to leave a Failed job alone', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed'),
    );
    await world.put('jobs', { ...(await world.job()), droppedThroughTaskId: 'seven' });
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    expect(await world.job()).not.toHaveProperty('droppedThroughTaskId');
  });
});

describe('a job id that is none, the last of its group', () => {
  it.each([2.5, 2n ** 63n, -7n])('%s is reported, and stops no recovery', async (jobId) => {
    for (const windowSize of [1, 10_000]) {
      const world = await embeddedWorld({ windowSize });
      await world.has(job({ jobId: 1n }), task({ jobId: 1n }), job({ jobId: 5n }), task({ jobId: 5n }));
      await world.put('jobs', { ...(await world.job()), jobId });
      const report = await world.pass({ mode: 'recover' });
      expect(report.complete).toBe(true);
      expect(report.problems).toMatchObject([{ key: { jobId: String(jobId) }, kind: 'malformed' }]);
      expect((await world.messages()).map((message) => message.jobId)).toEqual(['1', '5']);
    }
  });
});

describe('a key that is no id', () => {
  it.each([0n, -5n, 2n ** 63n, 1.5])(
    '%s is reported, and stops neither an inspection nor a recovery',
    async (taskId) => {
      const world = await embeddedWorld({ windowSize: 1 });
      await world.has(job({ jobId: 1n }), task({ jobId: 1n }), job({ jobId: 7n }), task({ jobId: 7n }));
      await world.put('tasks', { ...(await world.task()), taskId, dueShard: 0 });
      await world.put('tasks', { ...(await world.task()), jobId: taskId, dueShard: 0 });
      for (const event of [{}, { mode: 'recover' }]) {
        const report = await world.pass(event);
        expect(report.problems.map(({ key, kind }) => [key.jobId, key.taskId, kind])).toEqual(
          expect.arrayContaining([
            ['1', String(taskId), 'malformed'],
            [String(taskId), '1', 'malformed'],
          ]),
        );
        expect((await world.messages()).map(({ jobId }) => jobId)).toEqual(['1', '7']);
      }
    },
  );
});

describe('a segment whose owner cannot be read', () => {
  it.each(['1', null])('is neither dropped nor forgotten: jobId %o', async (jobId) => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    await world.put('segments', { ...(await world.segment(11n)), jobId });
    const report = await world.pass();
    expect(report.problems).toEqual([
      {
        key: { jobId: '1', taskId: '1', segmentId: '11' },
        kind: 'failed',
        reason: 'the jobId of the segment must be a number (N)',
      },
    ]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Importing' });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('a problem that is met twice', () => {
  it('is listed once', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed' }), task({ taskVersion: null }));
    for (const mode of ['inspect', 'recover']) expect((await world.pass({ mode })).problems).toHaveLength(1);
  });

  it('is counted once, also past those that are listed', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 600 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, taskVersion: null })),
    );
    expect(await world.pass()).toMatchObject({ problemsOmitted: 100 });
  });
});

describe('a segment with attributes of a kind that nobody writes', () => {
  it('is dropped all the same: half-copied data must not stay visible', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: [11n] }),
      segment(11n, 'NotExist' as 'Growing', { isImporting: null }),
    );
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped', isImporting: false });
  });
});

describe('a pass that meets more problems than one log line holds', () => {
  it('lists the first five hundred, counts the rest, and hands these over one by one', async () => {
    const world = await embeddedWorld();
    await world.has(
      Array.from({ length: 510 }, (_, index) => task({ taskId: BigInt(index + 1), jobId: 404n })),
    );
    const omitted: unknown[] = [];
    const report = await world.pass({}, { onOmittedProblem: (problem) => omitted.push(problem) });
    expect(report.problems).toHaveLength(500);
    expect(report.problemsOmitted).toBe(10);
    expect(omitted).toHaveLength(10);
    expect(report.verdicts.orphan).toBe(510);
  });
});
