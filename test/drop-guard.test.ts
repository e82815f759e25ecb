import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../functions/inspector/environment.ts';
import { expired, job, MINUTE, NOW, type Row, segment, task } from './support/builders.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

const IN_A_QUARTER_OF_AN_HOUR = BigInt(NOW + 15 * MINUTE);

/** A Failed job of tasks that were Completed, each with targets that are visible. */
function failedJob(tasks: number, targets: number, jobId = 1n): Row[] {
  const rows = Array.from({ length: tasks }, (_, index) => {
    const taskId = BigInt(index + 1);
    const ids = Array.from({ length: targets }, (_, n) => 1_000n * jobId + BigInt(index * targets + n));
    return [
      task({ jobId, taskId, state: 'Completed', targets: ids }),
      ...ids.map((id) => segment(id, 'Flushed', { jobId })),
    ];
  });
  return [job({ jobId, state: 'Failed' }), ...rows.flat()];
}

/** Tasks that failed, each with one target. */
const failedTasks = (...taskIds: readonly bigint[]): Row[] =>
  taskIds.flatMap((taskId) => [
    task({ taskId, state: 'Failed', targets: [10n * taskId] }),
    segment(10n * taskId),
  ]);

const droppedOf = async (world: World): Promise<number> =>
  (await world.items()).segments.filter(({ state }) => state === 'Dropped').length;

describe('a pass that would drop more than maxDrops', () => {
  it('drops as many, and looks at the other tasks again in a quarter of an hour', async () => {
    const world = await embeddedWorld({ maxDrops: 3 });
    await world.has(job(), failedTasks(1n, 2n, 3n, 4n, 5n));
    const report = await world.pass();
    expect(await droppedOf(world)).toBe(3);
    expect(report).toMatchObject({
      segments: { dropped: 3, withheld: 2, failed: 0 },
      tasks: { settled: 3, withheld: 2, failed: 0 },
    });
    const tasks = (await world.items()).tasks.map(
      ({ segmentsDroppedAt, dueAt }) => segmentsDroppedAt ?? dueAt,
    );
    expect(tasks).toEqual([BigInt(NOW), BigInt(NOW), BigInt(NOW), ...Array(2).fill(IN_A_QUARTER_OF_AN_HOUR)]);
  });

  it('says so once per job', async () => {
    const world = await embeddedWorld({ maxDrops: 1 });
    await world.has(job(), failedTasks(1n, 2n, 3n), failedJob(2, 2, 2n));
    const { problems, problemsOmitted } = await world.pass();
    expect(problems.map(({ kind, key }) => `${kind} ${key.jobId}`)).toEqual(['withheld 1', 'withheld 2']);
    expect(problems[0]?.reason).toContain('maxDrops is 1');
    expect(problemsOmitted).toBe(0);
  });

  it('settles nothing of which a target is withheld', async () => {
    const world = await embeddedWorld({ maxDrops: 1 });
    await world.has(job(), task({ state: 'Failed', targets: [11n, 12n] }), segment(11n), segment(12n));
    await world.pass();
    expect(await droppedOf(world)).toBe(1);
    expect((await world.task())?.segmentsDroppedAt).toBeUndefined();
  });

  it('enqueues all the same', async () => {
    const world = await embeddedWorld({ maxDrops: 0 });
    await world.has(job(), failedTasks(1n, 2n), task({ taskId: 3n }), task({ taskId: 4n, ...expired }));
    expect(await world.pass()).toMatchObject({
      tasks: { enqueued: 2, released: 1 },
      segments: { dropped: 0 },
    });
    expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['3', '4']);
  });

  it('leaves nothing due: the next pass costs what an idle one does', async () => {
    const world = await embeddedWorld({ maxDrops: 2 });
    await world.has(job(), failedTasks(1n, 2n, 3n), failedJob(3, 2, 2n));
    await world.pass();
    world.clock.now += MINUTE;
    expect((await world.pass()).requests).toEqual({ total: 8, byOperation: { Query: 8 } });
  });

  it('reads no targets of which it knows that it may not drop them', async () => {
    const world = await embeddedWorld({ maxDrops: 2 });
    const jobIds = Array.from({ length: 20 }, (_, index) => BigInt(index + 1));
    await world.has(jobIds.flatMap((jobId) => failedJob(1, 3, jobId)));
    const report = await world.pass();
    expect(report.jobs.withheld).toBe(20);
    // Four jobs are dropped side by side.
    expect(report.read.segments).toBeLessThanOrEqual(4 * 3);
  });

  it('counts what it drops, not what was dropped before', async () => {
    const world = await embeddedWorld({ maxDrops: 1 });
    await world.has(
      job(),
      task({ state: 'Failed', targets: [11n, 12n, 13n] }),
      segment(11n, 'Dropped', { droppedAt: NOW - 1 }),
      segment(12n, 'Dropped', { droppedAt: NOW - 1 }),
      segment(13n),
    );
    expect(await world.pass()).toMatchObject({ tasks: { settled: 1, withheld: 0 }, problems: [] });
  });

  it('gives back what turned out to be dropped by somebody else', async () => {
    const world = await embeddedWorld({ maxDrops: 2 });
    await world.has(job(), failedTasks(1n, 2n, 3n));
    let isFirst = true;
    const report = await world.pass(
      {},
      {
        async disturb({ operation, proceed }) {
          if (operation === 'BatchExecuteStatement' && isFirst) {
            isFirst = false;
            await world.put('segments', segment(10n, 'Dropped', { droppedAt: NOW - 1 }).item);
          }
          return proceed();
        },
      },
    );
    expect(report.segments).toMatchObject({ dropped: 1, alreadyDropped: 1, withheld: 1 });
  });

  it('puts off a task of which a drop failed as well', async () => {
    const world = await embeddedWorld({ maxDrops: 1 });
    await world.has(job(), task({ state: 'Failed', targets: [11n, 12n] }), segment(11n), segment(12n));
    const report = await world.pass(
      {},
      {
        async disturb({ operation, input, proceed }) {
          const statements = (input.Statements ?? []) as { Statement: string }[];
          if (
            operation === 'BatchExecuteStatement' &&
            statements[0]?.Statement.includes(world.tables.segments)
          )
            throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
          return proceed();
        },
      },
    );
    expect(report.segments).toMatchObject({ failed: 1, withheld: 1 });
    expect((await world.task())?.dueAt).toBe(IN_A_QUARTER_OF_AN_HOUR);
  });
});

describe('a Failed job of more targets than maxDrops', () => {
  it('is dropped over several passes, a quarter of an hour apart, and settled', async () => {
    const world = await embeddedWorld({ maxDrops: 150 });
    await world.has(failedJob(400, 1));
    const counts: number[] = [];
    for (let pass = 0; pass < 3; pass++) {
      await world.pass();
      counts.push(await droppedOf(world));
      world.clock.now += 15 * MINUTE;
    }
    expect(counts).toEqual([150, 300, 400]);
    expect((await world.job())?.segmentsDroppedAt).toBe(BigInt(NOW + 30 * MINUTE));
    expect((await world.job())?.droppedThroughTaskId).toBeUndefined();
  });

  it('keeps its place meanwhile: what is settled is not read again', async () => {
    const world = await embeddedWorld({ maxDrops: 250 });
    await world.has(failedJob(400, 1));
    await world.pass();
    expect(await world.job()).toMatchObject({ droppedThroughTaskId: 200n, dueAt: IN_A_QUARTER_OF_AN_HOUR });
    world.clock.now += 15 * MINUTE;
    expect((await world.pass()).read.tasks).toBe(200);
  });

  it('is settled in one pass if it has exactly as many', async () => {
    const world = await embeddedWorld({ maxDrops: 4 });
    await world.has(failedJob(2, 2));
    const report = await world.pass();
    expect(report).toMatchObject({
      jobs: { settled: 1, withheld: 0 },
      segments: { dropped: 4, withheld: 0 },
    });
  });

  it('does not get a limit of its own: all jobs of a pass share one', async () => {
    const world = await embeddedWorld({ maxDrops: 5 });
    await world.has([1n, 2n, 3n, 4n, 5n, 6n].flatMap((jobId) => failedJob(1, 4, jobId)));
    expect((await world.pass()).segments.dropped).toBe(5);
    expect(await droppedOf(world)).toBe(5);
  });
});

describe('maxDrops', () => {
  it('in the event of a recovery lets through what was withheld', async () => {
    const world = await embeddedWorld({ maxDrops: 2 });
    await world.has(failedJob(5, 2));
    await world.pass();
    const report = await world.pass({ mode: 'recover', jobIds: ['1'], maxDrops: 10 });
    expect(report).toMatchObject({ segments: { dropped: 8, withheld: 0 }, jobs: { settled: 1 } });
    expect(await droppedOf(world)).toBe(10);
  });

  it('of 0 drops nothing', async () => {
    const world = await embeddedWorld();
    await world.has(failedJob(2, 2), job({ jobId: 2n }), task({ jobId: 2n, state: 'Failed', targets: [5n] }));
    await world.has(segment(5n, 'Importing', { jobId: 2n }));
    await world.pass({ maxDrops: 0 });
    expect(await droppedOf(world)).toBe(0);
  });

  it('holds in a dry run, which shows what would be withheld and writes nothing', async () => {
    const world = await embeddedWorld({ maxDrops: 3 });
    await world.has(job(), failedTasks(1n, 2n), failedJob(3, 2, 2n));
    const before = await world.items();
    const dry = await world.pass({ dryRun: true });
    expect(await world.items()).toEqual(before);
    const real = await world.pass();
    expect(real.segments.withheld).toBeGreaterThan(0);
    const { segments, tasks, jobs, problems } = real;
    expect(dry).toMatchObject({ segments, tasks, jobs, problems });
  });

  it('is 10,000 unless the deployment says otherwise', () => {
    const env = {
      JOBS_TABLE_NAME: 'jobs',
      TASKS_TABLE_NAME: 'tasks',
      SEGMENTS_TABLE_NAME: 'segments',
      SCHEDULER_QUEUE_URL: 'url',
    };
    expect(readEnvironment(env).maxDrops).toBe(10_000);
    expect(readEnvironment({ ...env, MAX_DROPS: '0' }).maxDrops).toBe(0);
    expect(() => readEnvironment({ ...env, MAX_DROPS: 'many' })).toThrow(/MAX_DROPS must be a whole number/);
  });
});
