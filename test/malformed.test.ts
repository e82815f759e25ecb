import { gzipSync } from 'node:zlib';
import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { packMappings } from '../functions/copy-segment/mappings.ts';
import type { ProblemGroup } from '../functions/inspector/report/pass-report.ts';
import { expired, HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld, type Item } from './support/embedded-world.ts';

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

const present = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));

describe('a task that cannot be read', () => {
  it.each(malformedTasks)(
    'for %s is reported with its key; nothing but its marker is written, six hours ahead',
    async (_, overrides, reason) => {
      const world = await embeddedWorld();
      await world.has(job(), task({ taskId: 1n, dueAt: NOW - 1, ...overrides }), task({ taskId: 2n }));
      const before = await world.task();
      for (const event of [{}, { mode: 'recover' }]) {
        const report = await world.pass(event);
        expect(report.verdicts.malformed).toBe(1);
        expect(report.problems).toEqual([
          { key: { jobId: '1', taskId: '1' }, kind: 'malformed', reason: expect.stringMatching(reason) },
        ]);
        expect(await world.task()).toEqual({ ...before, dueAt: BigInt(NOW + 6 * HOUR) });
        expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['2']);
      }
      expect((await world.pass()).read.dueTasks).toBe(0);
    },
  );

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
  ])(
    'for %s stays unsettled when it failed, and is looked at again with backoff',
    async (_, idMappings, reason) => {
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
      expect(await world.task()).toEqual({ ...before, dropAttempts: 1n, dueAt: BigInt(NOW + 15 * MINUTE) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });

      const looks: number[] = [];
      for (let minute = 0; minute <= 24 * 60; minute += 15) {
        world.clock.now = NOW + minute * MINUTE;
        if ((await world.pass()).verdicts.drop > 0) looks.push(minute);
      }
      expect(looks).toEqual([15, 45, 105, 225, 465, 825, 1185]);
      await world.put('tasks', { ...(await world.task()), idMappings: [] });
      world.clock.now = NOW + 48 * HOUR;
      await world.pass();
      expect(await world.task()).toHaveProperty('segmentsDroppedAt');
    },
  );
});

describe('a task of thousands of mappings that cannot be read', () => {
  it('is reported in a few words', async () => {
    const world = await embeddedWorld();
    const idMappings = Array.from({ length: 2_000 }, () => ({ sourceSegmentId: 1n }));
    await world.has(job(), task({ state: 'Failed', idMappings }));
    const { problems } = await world.pass();
    expect(problems[0]?.reason).toMatch(
      /^idMappings\.0\.targetSegmentId: is missing; .*and 1997 more; idMappings\.0\.partitionId: is missing; .*and 1997 more$/,
    );
    expect(problems[0]?.reason.length).toBeLessThanOrEqual(300);
  });
});

describe('a job that cannot be read', () => {
  it('is reported; of it and its tasks nothing but the marker is written, and those of others are enqueued', async () => {
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
      const dueAt = BigInt(NOW + 6 * HOUR);
      expect({ job: await world.job(), task: await world.task() }).toEqual({
        job: { ...before.job, dueAt },
        task: { ...before.task, dueAt },
      });
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

describe('a marker finer than a double', () => {
  it('is moved like any other on items that cannot be read', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Restoring' as 'Failed', dueAt: NOW - 1 }),
      task({ state: 'Paused' as 'Pending' }),
    );
    const dueAt = NumberValue.from(`${NOW - 10}.123456789012345`);
    await world.put('tasks', { ...(await world.task()), dueAt });
    await world.put('jobs', { ...(await world.job()), dueAt });
    await world.pass();
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW + 6 * HOUR) });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW + 6 * HOUR) });
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

describe('an invalid job id, the last of its group', () => {
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

describe('a key that is not an id', () => {
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
  it('is neither dropped nor forgotten', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    await world.put('segments', { ...(await world.segment(11n)), jobId: '1' });
    const report = await world.pass();
    expect(report.problems).toEqual([
      {
        key: { jobId: '1', taskId: '1', segmentId: '11' },
        kind: 'malformed',
        reason: 'the jobId of the segment must be a number (N)',
      },
    ]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Importing' });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW + 15 * MINUTE) });
  });
});

describe('a problem that is found twice', () => {
  it('is listed once', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed' }), task({ idMappings: 'gone' }));
    for (const mode of ['inspect', 'recover']) expect((await world.pass({ mode })).problems).toHaveLength(1);
  });

  it('is counted once, also beyond those that are listed', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 600 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, idMappings: 'gone' })),
    );
    expect(await world.pass()).toMatchObject({ problemsOmitted: 500 });
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

describe('a pass that finds more problems than anybody would read', () => {
  it('lists a hundred, and counts the rest by kind and reason, with a few keys', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 300 }, (_, index) => BigInt(index + 1));
    await world.has(
      job(),
      taskIds.map((taskId) =>
        taskId <= 110n ? task({ taskId, collectionId: '1' }) : task({ taskId, jobId: 404n }),
      ),
    );
    const omitted: ProblemGroup[] = [];
    const report = await world.pass({}, { onOmittedProblems: (groups) => omitted.push(...groups) });
    expect(report.problems).toHaveLength(100);
    expect(report.problemsOmitted).toBe(200);
    expect(omitted.map(({ kind, reason, count }) => [kind, reason, count])).toEqual([
      ['orphan', 'the task is Pending, its job is missing', 190],
      ['malformed', 'collectionId: must be a whole number (N)', 10],
    ]);
    expect(omitted[0]?.keys).toHaveLength(5);
    expect(omitted[0]?.keys[0]).toEqual({ jobId: '404', taskId: '111' });
  });
});

describe('a Failed task, or one of a Failed job, with something wrong besides its targets', () => {
  const wrong: [string, Record<string, unknown>][] = [
    ['a reason that is NULL', { reason: null }],
    ['a reason that is no text', { reason: 7 }],
    ['a collection that is NULL', { collectionId: null }],
    ['no version', { taskVersion: undefined }],
    ['a version that is a text', { taskVersion: 'two' }],
    ['a lease that is a text', { leaseExpiresAt: 'soon' }],
    ['a settlement that is NULL', { segmentsDroppedAt: null }],
    ['a settlement that is a text', { segmentsDroppedAt: 'yesterday' }],
  ];

  it.each(wrong)('%s: its targets are dropped, and it is settled', async (_, overrides) => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    await world.put('tasks', present({ ...(await world.task()), ...overrides }));
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
    expect(await world.task()).not.toHaveProperty('dueAt');
  });

  it.each(wrong)('%s: its Failed job drops its targets, and is settled', async (_, overrides) => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ ...expired, targets: [11n], dueAt: null }),
      segment(11n, 'Flushed'),
    );
    await world.put('tasks', present({ ...(await world.task()), ...overrides }));
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it.each(wrong.filter(([, { taskVersion }]) => taskVersion === undefined))(
    '%s on the job itself: every target is dropped, and the job is settled',
    async (_, overrides) => {
      const world = await embeddedWorld();
      await world.has(
        job({ state: 'Failed' }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n, 'Flushed'),
      );
      await world.put('jobs', present({ ...(await world.job()), ...overrides }));
      await world.pass();
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
      expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
    },
  );

  it('mappings with a source or a partition that cannot be read: reported, and their targets dropped', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({
        state: 'Failed',
        idMappings: [
          { sourceSegmentId: 'one', targetSegmentId: 11n, partitionId: 3n },
          { sourceSegmentId: 2n, targetSegmentId: 12n, partitionId: -2n },
          { sourceSegmentId: 3n, targetSegmentId: 13n },
        ],
      }),
      [11n, 12n, 13n].map((id) => segment(id)),
    );
    const report = await world.pass();
    expect((await world.items()).segments.map(({ state }) => state)).toEqual(Array(3).fill('Dropped'));
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
    expect(report.problems).toMatchObject([{ key: { jobId: '1', taskId: '1' }, kind: 'malformed' }]);
    expect(report.problems[0]?.reason).toMatch(/idMappings\.0\.sourceSegmentId.*idMappings\.1\.partitionId/);
  });

  it('one mapping without a readable target: its siblings are dropped all the same, the task stays unsettled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({
        state: 'Failed',
        idMappings: [
          { sourceSegmentId: 1n, targetSegmentId: 11n, partitionId: 3n },
          { sourceSegmentId: 2n, targetSegmentId: 'twelve', partitionId: 3n },
          { sourceSegmentId: 3n, targetSegmentId: 13n, partitionId: 3n },
        ],
      }),
      [11n, 13n].map((id) => segment(id)),
    );
    await world.pass();
    expect((await world.items()).segments.map(({ state }) => state)).toEqual(['Dropped', 'Dropped']);
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('an L0 segment, whose partition is -1', () => {
  it('is dropped like any other, and its task and job are settled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({
        state: 'Failed',
        idMappings: [{ sourceSegmentId: 1n, targetSegmentId: 11n, partitionId: -1n }],
      }),
      segment(11n, 'Importing', { partitionId: -1n }),
    );
    const report = await world.pass();
    expect(report.problems).toEqual([]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });
});

describe('mappings in the compact form', () => {
  const failedWith = (mappings: unknown) => task({ state: 'Failed', idMappings: null, mappings });

  it('are read wherever a list is', async () => {
    const world = await embeddedWorld();
    const packed = packMappings([
      { sourceSegmentId: 1n, targetSegmentId: 449_999_999_999_999_991n, partitionId: 3n },
      { sourceSegmentId: 2n, targetSegmentId: 12n, partitionId: -1n },
    ]);
    await world.has(job(), failedWith(packed), segment(449_999_999_999_999_991n), segment(12n));
    await world.has(
      job({ jobId: 2n, state: 'Failed' }),
      task({ jobId: 2n, state: 'Completed', idMappings: null, mappings: gzipSync('5,21,3\n6,22,3') }),
      [21n, 22n].map((id) => segment(id, 'Flushed', { jobId: 2n })),
    );
    const report = await world.pass();
    expect(report.problems).toEqual([]);
    expect((await world.items()).segments.map(({ state }) => state)).toEqual(Array(4).fill('Dropped'));
    expect(await world.job(2n)).toHaveProperty('segmentsDroppedAt');
  });

  it.each<[string, unknown, RegExp]>([
    ['a text', '1,11,3', /mappings: must be binary \(B\)/],
    ['no gzip', new TextEncoder().encode('1,11,3\n'), /mappings: is no gzip/],
    ['more than 4 MB unpacked', gzipSync('1,11,3\n'.repeat(700_000)), /mappings: unpacks to more than 4 MB/],
    ['a line without a target', gzipSync('1,,3\n1,11,3\n'), /mappings\.0\.targetSegmentId: is missing/],
    ['a line of four fields', gzipSync('1,11,3,4\n'), /mappings\.0\.targetSegmentId: is missing/],
  ])('that are %s keep the task unsettled, and are reported', async (_, mappings, reason) => {
    const world = await embeddedWorld();
    await world.has(job(), failedWith(mappings), segment(11n));
    const report = await world.pass();
    expect(report.problems[0]?.reason).toMatch(reason);
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('a reason that others wrote', () => {
  it.each([
    ['an emoji across the 300th character', `${'x'.repeat(265)}😀😀😀😀😀😀😀😀😀😀`],
    ['nothing but emoji', '😀'.repeat(500)],
  ])('with %s is cut between characters, and is no reason not to drop', async (_, reason) => {
    const world = await embeddedWorld();
    for (let shift = 0; shift < 4; shift++) {
      const id = BigInt(11 + shift);
      await world.has(
        job(),
        task({ taskId: id, state: 'Failed', targets: [id], reason: 'x'.repeat(shift) + reason }),
        segment(id),
      );
    }
    await world.pass();
    for (const { state, dropReason } of (await world.items()).segments) {
      expect(state).toBe('Dropped');
      expect([...String(dropReason)].length).toBeLessThanOrEqual(300);
      expect(String(dropReason).isWellFormed()).toBe(true);
    }
  });
});
