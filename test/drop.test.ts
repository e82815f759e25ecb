import { describe, expect, it } from 'vitest';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld } from './support/embedded-world.ts';
import { failStatements, textOf } from './support/fail-statements.ts';

const failed = { state: 'Failed', reason: 'no space left on device' } as const;

describe('a Failed task', () => {
  it.each(['Pending', 'Executing', 'Publishing', 'Failed'] as const)(
    'of a job that is %s drops its targets, once, and is settled',
    async (state) => {
      const world = await embeddedWorld();
      await world.has(
        job({ state }),
        task({ ...failed, targets: [11n, 12n] }),
        segment(11n),
        segment(12n, 'Growing'),
      );
      const report = await world.pass();
      for (const id of [11n, 12n])
        expect(await world.segment(id)).toMatchObject({
          state: 'Dropped',
          isImporting: false,
          droppedAt: BigInt(NOW),
          dropReason: 'copy segment task 1 failed: no space left on device',
          numOfRows: 1_000n,
        });
      const settled = await world.task();
      expect(settled).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(NOW) });
      expect(settled).not.toHaveProperty('dueAt');
      expect(report.segments).toMatchObject({ dropped: 2, failed: 0 });
    },
  );

  it('of a job that is Completed is a contradiction: it is reported, nothing is dropped, and it is looked at in six hours', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Completed' }),
      task({ ...failed, targets: [11n] }),
      segment(11n, 'Flushed', { isImporting: false, publishedAt: NOW - HOUR }),
    );
    for (const event of [{}, { mode: 'recover' }]) {
      const report = await world.pass(event);
      expect(report.verdicts).toMatchObject({ contradiction: 1, drop: 0 });
      expect(report.problems).toMatchObject([{ key: { jobId: '1', taskId: '1' }, kind: 'contradiction' }]);
      expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
      expect(await world.task()).toMatchObject({ state: 'Failed', dueAt: BigInt(NOW + 6 * HOUR) });
      expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
    }
    expect((await world.pass()).read.dueTasks).toBe(0);
  });

  it('that is settled is no contradiction when the index still shows it under a Completed job: it leaves the index', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Completed' }),
      task({ ...failed, targets: [11n], segmentsDroppedAt: NOW - HOUR, dueAt: NOW - MINUTE }),
    );
    const report = await world.pass();
    expect(report.problems).toEqual([]);
    expect(await world.task()).not.toHaveProperty('dueAt');
  });

  it('drops no segment that is published; its job, once it fails, does', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Publishing' }),
      task({ ...failed, targets: [11n, 12n] }),
      segment(11n, 'Flushed', { publishedAt: NOW - MINUTE }),
      segment(12n),
    );
    const report = await world.pass();
    expect(report.problems).toMatchObject([
      { key: { jobId: '1', taskId: '1', segmentId: '11' }, kind: 'contradiction' },
    ]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    expect(await world.segment(12n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW + 15 * MINUTE) });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');

    await world.put('jobs', { ...(await world.job()), state: 'Failed', dueAt: NOW });
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });

  it('drops its targets although its job is missing', async () => {
    const world = await embeddedWorld();
    await world.has(task({ ...failed, targets: [11n] }), segment(11n));
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('drops its targets although its job cannot be read', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Restoring' as 'Pending' }),
      task({ ...failed, targets: [11n] }),
      segment(11n),
    );
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('drops its targets although its Failed job was settled before it failed', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
      task({ ...failed, targets: [11n] }),
      segment(11n),
    );
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('without targets is settled', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task(failed));
    await world.pass();
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it('that is settled is never read again', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...failed, targets: [11n] }), segment(11n));
    await world.pass();
    const before = await world.items();
    world.clock.now += HOUR;
    const report = await world.pass();
    expect(report.read).toMatchObject({ dueTasks: 0, tasks: 0, segments: 0 });
    expect(await world.items()).toEqual(before);
  });

  it('of a thousand targets drops them all', async () => {
    const world = await embeddedWorld();
    const targets = Array.from({ length: 1_000 }, (_, index) => BigInt(1_000 + index));
    await world.has(
      job(),
      task({ ...failed, targets }),
      targets.map((id) => segment(id)),
    );
    const report = await world.pass();
    expect(report.segments.dropped).toBe(1_000);
    const { segments } = await world.items();
    expect(new Set(segments.map(({ state }) => state))).toEqual(new Set(['Dropped']));
  });

  it('that names a target twice drops it once', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...failed, targets: [11n, 11n] }), segment(11n));
    const report = await world.pass();
    expect(report.segments).toMatchObject({ dropped: 1, alreadyDropped: 0, failed: 0 });
  });

  it('shares a target with a Failed sibling: it is dropped once, and both are settled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ ...failed, targets: [11n] }),
      task({ ...failed, taskId: 2n, targets: [11n] }),
      segment(11n),
    );
    const report = await world.pass();
    expect(report.segments).toMatchObject({ dropped: 1, alreadyDropped: 1 });
    expect(report.tasks.settled).toBe(2);
  });
});

describe('each target ends as', () => {
  const one = async (
    overrides: Parameters<typeof segment>[2],
    state: Parameters<typeof segment>[1] = 'Importing',
  ) => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...failed, targets: [11n] }), segment(11n, state, overrides));
    return { world, report: await world.pass() };
  };

  it('dropped when it names no job: an older writer made it', async () => {
    const { world, report } = await one({ jobId: null });
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(report.segments.dropped).toBe(1);
  });

  it('alreadyDropped, with the time and reason of the first drop', async () => {
    const first = { droppedAt: NOW - HOUR, dropReason: 'by hand', isImporting: true };
    const { world, report } = await one(first, 'Dropped');
    expect(await world.segment(11n)).toMatchObject({ droppedAt: BigInt(NOW - HOUR), dropReason: 'by hand' });
    expect(report.segments.alreadyDropped).toBe(1);
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('foreign when another job owns it: it stays live, and is reported', async () => {
    const { world, report } = await one({ jobId: 2n }, 'Flushed');
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed', isImporting: true, jobId: 2n });
    expect(report.segments.foreign).toBe(1);
    expect(report.problems).toMatchObject([
      { key: { jobId: '1', taskId: '1', segmentId: '11' }, kind: 'foreign' },
    ]);
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('alreadyDropped also when another job owns it: nobody needs to look at it', async () => {
    const { report } = await one({ jobId: 2n, droppedAt: NOW - HOUR }, 'Dropped');
    expect(report.segments).toMatchObject({ alreadyDropped: 1, foreign: 0 });
    expect(report.problems).toEqual([]);
  });

  it('dropped when it has no state at all', async () => {
    const { world } = await one({ state: null });
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped', isImporting: false });
  });

  it('missing when it does not exist, and it is not created', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...failed, targets: [11n] }));
    const report = await world.pass();
    expect(report.segments.missing).toBe(1);
    expect(await world.segment(11n)).toBeUndefined();
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('failed when its write fails: the others are dropped, the task stays due, and the next pass tries again', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...failed, targets: [11n, 12n] }), segment(11n), segment(12n));
    const report = await world.pass({}, { disturb: failStatementsOn(12n) });
    expect(report.segments).toMatchObject({ dropped: 1, failed: 1 });
    expect(report.problems).toEqual([
      {
        key: { jobId: '1', taskId: '1', segmentId: '12' },
        kind: 'failed',
        reason: 'AccessDenied: not yours',
      },
    ]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW - MINUTE) });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');

    expect((await world.pass()).segments).toMatchObject({ dropped: 1, alreadyDropped: 1 });
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });
});

describe('a segment that changes between read and write', () => {
  it.each<[string, Record<string, unknown> | undefined, string]>([
    [
      'is alreadyDropped when another pass dropped it',
      { state: 'Dropped', droppedAt: NOW - 1, jobId: 1n },
      'alreadyDropped',
    ],
    ['is foreign when another job took it over', { state: 'Flushed', jobId: 2n }, 'foreign'],
    ['is missing when it was removed', undefined, 'missing'],
  ])('%s', async (_, change, outcome) => {
    for (const engineReturnsItem of [false, true]) {
      const world = await embeddedWorld();
      await world.has(job(), task({ ...failed, targets: [11n] }), segment(11n));
      const report = await world.pass(
        {},
        {
          disturb: async ({ operation, proceed, input }) => {
            if (!isDrop(operation, input)) return proceed();
            await world.remove('segments', { segmentId: 11n });
            if (change) await world.put('segments', { segmentId: 11n, collectionId: 7n, ...change });
            const answer = (await proceed()) as {
              output: { Responses: { Error: Record<string, unknown> }[] };
            };
            if (engineReturnsItem && change)
              answer.output.Responses = answer.output.Responses.map(({ Error: error }) => ({
                Error: { ...error, Item: { segmentId: 11n, ...change } },
              }));
            return answer;
          },
        },
      );
      expect(report.segments).toMatchObject({ dropped: 0, failed: 0, [outcome]: 1 });
      expect(await world.segment(11n)).toEqual(change && expect.objectContaining({ state: change.state }));
      expect(await world.task()).toHaveProperty('segmentsDroppedAt');
    }
  });
});

describe('a Failed job', () => {
  it('drops every target of every task, whatever its state, then is settled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', reason: 'timeout' }),
      task({ taskId: 1n, state: 'Completed', targets: [11n, 12n] }),
      task({ taskId: 2n, state: 'Pending', targets: [13n] }),
      task({ taskId: 3n, ...leased, targets: [14n] }),
      task({ taskId: 4n, ...expired, targets: [15n] }),
      task({ taskId: 5n, ...failed, targets: [16n] }),
      [11n, 12n, 13n, 14n, 15n, 16n].map((id) => segment(id, 'Flushed')),
    );
    const report = await world.pass();
    const { segments } = await world.items();
    expect(segments.map(({ state, isImporting }) => [state, isImporting])).toEqual(
      Array(6).fill(['Dropped', false]),
    );
    expect(await world.segment(11n)).toMatchObject({ dropReason: 'copy segment job 1 failed: timeout' });
    expect(await world.segment(16n)).toMatchObject({
      dropReason: 'copy segment task 5 failed: no space left on device',
    });
    expect(report.segments).toMatchObject({ dropped: 6, failed: 0 });

    const settled = await world.job();
    expect(settled).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(NOW) });
    expect(settled).not.toHaveProperty('dueAt');
    expect(await world.task(5n)).toHaveProperty('segmentsDroppedAt');
    expect(await world.task(1n)).toMatchObject({ state: 'Completed' });
    expect(await world.messages()).toEqual([]);
  });

  it('of more tasks than one page of DynamoDB holds drops them all', async () => {
    const world = await embeddedWorld();
    const tasks = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    const targetsOf = (taskId: bigint) =>
      Array.from({ length: 40 }, (_, index) => taskId * 100n + BigInt(index));
    await world.has(
      job({ state: 'Failed' }),
      tasks.map((taskId) => task({ taskId, state: 'Completed', targets: targetsOf(taskId) })),
      tasks.flatMap(targetsOf).map((id) => segment(id, 'Flushed')),
    );
    const report = await world.pass();
    expect(report.segments.dropped).toBe(10_000);
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    expect(report.requests.byOperation.BatchExecuteStatement).toBeLessThanOrEqual(10_000 / 25 + 10);
  });

  it('keeps the reason of a worker short in what it writes to each segment', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', reason: 'x'.repeat(10_000), targets: [11n] }),
      segment(11n),
    );
    await world.pass();
    expect(String((await world.segment(11n))?.dropReason)).toMatch(
      /^copy segment task 1 failed: x{200,300}…$/,
    );
  });

  it('stays due while one of its targets cannot be dropped', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ state: 'Completed', targets: [11n, 12n] }),
      segment(11n, 'Flushed'),
      segment(12n, 'Flushed'),
    );
    const report = await world.pass({}, { disturb: failStatementsOn(12n) });
    expect(report.jobs).toMatchObject({ settled: 0, unsettled: 1 });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW - MINUTE) });
    await world.pass();
    expect(await world.segment(12n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });

  it('stays due while one of its tasks cannot be read: its targets are unknown', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ taskId: 1n, state: 'Completed', targets: [11n] }),
      task({ taskId: 2n, state: 'Completed', idMappings: 'gone' }),
      segment(11n, 'Flushed'),
    );
    const report = await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).not.toHaveProperty('segmentsDroppedAt');
    expect(report.problems).toEqual([
      { key: { jobId: '1', taskId: '2' }, kind: 'malformed', reason: 'idMappings: must be a list (L)' },
    ]);
  });

  it('leaves targets alone that another job owns', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed', { jobId: 2n }),
    );
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
  });
});

describe('nothing live is dropped', () => {
  it('when the index still says Failed but the table no longer does', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Completed', targets: [11n] }), segment(11n, 'Flushed'));
    await world.pass({}, { disturb: stale('tasks', { jobId: 1n, taskId: 1n, state: 'Failed' }) });
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    expect(await world.task()).toMatchObject({ state: 'Completed' });
  });

  it('when the index still lists a job that is not Failed', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Completed', targets: [11n] }), segment(11n, 'Flushed'));
    await world.pass({}, { disturb: stale('jobs', { jobId: 1n, state: 'Failed' }) });
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
  });

  /** The index lags: one shard of the table's index shows an item as it was. */
  function stale(table: 'jobs' | 'tasks', item: Record<string, unknown>) {
    return async ({ operation, input, proceed }: DisturbedCall): Promise<unknown> => {
      const answer = (await proceed()) as { output: { Items: Record<string, unknown>[] } };
      const values = input.ExpressionAttributeValues as Record<string, unknown> | undefined;
      const asksFirstShard = Number(Object.values(values?.[':shard'] ?? {})[0] ?? values?.[':shard']) === 1;
      if (
        operation === 'Query' &&
        String(input.TableName).endsWith(table) &&
        input.IndexName === 'due' &&
        asksFirstShard
      )
        answer.output.Items.push({
          collectionId: 7n,
          taskVersion: 1n,
          enqueueCount: 0n,
          dueShard: 1n,
          dueAt: 1n,
          ...item,
        });
      return answer;
    };
  }
});

const isDrop = (operation: string, input: Record<string, unknown>): boolean =>
  operation === 'BatchExecuteStatement' && textOf(input.Statements).includes('dropReason');

/** Statements on this segment fail inside a batch that succeeds; the others go through. */
const failStatementsOn =
  (segmentId: bigint) =>
  async (call: DisturbedCall): Promise<unknown> =>
    isDrop(call.operation, call.input)
      ? failStatements(call, ({ Parameters }) => textOf(Parameters).includes(`"${segmentId}"`), {
          Code: 'AccessDenied',
          Message: 'not yours',
        })
      : call.proceed();
