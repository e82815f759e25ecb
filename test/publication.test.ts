import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { createIdList } from '../functions/checker/id-list.ts';
import { createSurvey } from '../functions/checker/survey.ts';
import { targetBatches } from '../functions/checker/target-batches.ts';
import type { Task, TaskSighting } from '../functions/copy-segment/task.ts';
import { HOUR, MINUTE, NOW, segment } from './support/builders.ts';
import { type CheckerWorld, checkerWorld, copied, done, submitted } from './support/checker-world.ts';
import type { DisturbedCall } from './support/embedded-world.ts';
import { textOf } from './support/fail-statements.ts';

const published = async (world: CheckerWorld): Promise<number> =>
  (await world.items()).segments.filter(({ state }) => state === 'Flushed').length;

/** Does something in the world once, before or after the n-th transaction of a check. */
const atTransaction = (n: number, happens: () => Promise<unknown>, moment: 'before' | 'after' = 'before') => {
  let seen = 0;
  return async (call: DisturbedCall): Promise<unknown> => {
    const isHit = call.operation === 'TransactWriteItems' && ++seen === n;
    if (isHit && moment === 'before') await happens();
    const answer = await call.proceed();
    if (isHit && moment === 'after') await happens();
    return answer;
  };
};

describe('a publication', () => {
  it('makes transactions as full as they can be, ascending by task: small tasks share, a large one is split', async () => {
    const world = await checkerWorld();
    await world.has(copied(50, 10));
    const transactions: bigint[][] = [];
    await world.check(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          if (operation === 'TransactWriteItems')
            transactions.push(
              (input.TransactItems as { Update?: { Key: { segmentId?: bigint } } }[]).flatMap(
                ({ Update }) => Update?.Key.segmentId ?? [],
              ),
            );
          return proceed();
        },
      },
    );
    expect(transactions.map((ids) => ids.length)).toEqual([99, 99, 99, 99, 99, 5]);
    expect(transactions.flat()).toEqual(Array.from({ length: 500 }, (_, index) => BigInt(index + 1)));
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('keeps its place with each transaction, without a request more', async () => {
    const world = await checkerWorld();
    await world.has(copied(5, 98));
    const places: unknown[] = [];
    const report = await world.check(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          const answer = await proceed();
          if (operation === 'TransactWriteItems') places.push((await world.job())?.publishedThroughTaskId);
          return answer;
        },
      },
    );
    expect(places).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(report.requests.byOperation).toEqual({
      Query: 5,
      BatchGetItem: 1,
      BatchExecuteStatement: 2,
      // The engine takes one REMOVE a statement.
      UpdateItem: 1,
      TransactWriteItems: 5,
    });
  });

  it('of a task of more targets than a transaction takes has a place only after all of them', async () => {
    const world = await checkerWorld();
    await world.has(copied(2, 150));
    const places: unknown[] = [];
    await world.check(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          const answer = await proceed();
          if (operation === 'TransactWriteItems') places.push((await world.job())?.publishedThroughTaskId);
          return answer;
        },
      },
    );
    expect(places).toEqual([undefined, 1n, 1n, 2n]);
    expect(await published(world)).toBe(300);
  });

  it('publishes targets of older writers, which name no job, as this job’s', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(1, 3),
      done(1n, [11n, 12n, 13n]),
      segment(11n, 'Importing', { jobId: null }),
      segment(12n),
      segment(13n),
    );
    await world.put('segments', { ...(await world.segment(13n)), jobId: null });
    const report = await world.check();
    expect(report.segments).toMatchObject({ published: 3 });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await published(world)).toBe(3);
  });

  it('leaves a target alone that this job published already, with the time of that', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 3), segment(900n));
    await world.put('segments', {
      ...(await world.segment(2n)),
      state: 'Flushed',
      isImporting: false,
      publishedAt: NOW - HOUR,
    });
    const report = await world.check();
    expect(report.segments).toEqual({ published: 2, alreadyPublished: 1, lost: 0 });
    expect(await world.segment(2n)).toMatchObject({ publishedAt: BigInt(NOW - HOUR) });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await world.segment(900n)).toMatchObject({ state: 'Importing' });
  });

  it.each([
    ['missing', null, 'target 2 is missing'],
    ['Dropped', segment(2n, 'Dropped'), 'target 2 is Dropped'],
    ['another job’s', segment(2n, 'Importing', { jobId: 5n }), 'target 2 is foreign: it belongs to job 5'],
    [
      'another job’s, and visible',
      segment(2n, 'Flushed', { jobId: 5n }),
      'target 2 is foreign: it belongs to job 5',
    ],
    [
      'of no readable owner',
      segment(2n, 'Importing', { jobId: 'five' as never }),
      'target 2 is foreign: it belongs to job five',
    ],
    ['in another state', segment(2n, 'Growing'), 'target 2 is Growing, not Importing'],
  ])(
    'one of whose targets is %s fails the job, and flips nothing of that transaction',
    async (_, row, reason) => {
      const world = await checkerWorld();
      await world.has(copied(1, 3));
      if (row) await world.put('segments', row.item);
      else await world.remove('segments', { segmentId: 2n });
      const before = (await world.items()).segments;
      const report = await world.check();
      expect(await world.job()).toMatchObject({
        state: 'Failed',
        reason,
        completedAt: BigInt(NOW),
        dueAt: BigInt(NOW),
      });
      expect((await world.items()).segments).toEqual(before);
      expect(report).toMatchObject({
        segments: { published: 0, lost: 1 },
        jobs: { markedFailed: 1 },
        problems: [{ kind: 'jobFailed', reason }],
      });
      // What was published before it is the inspector's to drop.
      await world.pass();
      for (const { state, jobId } of (await world.items()).segments)
        if (jobId === 1n) expect(state).toBe('Dropped');
    },
  );

  it('reads why by itself where the engine does not tell which part failed', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 3));
    await world.put('segments', segment(3n, 'Dropped').item);
    await world.check(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation !== 'TransactWriteItems') return proceed();
          throw new TransactionCanceledException({
            $metadata: {},
            message: 'cancelled',
            CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
          });
        },
      },
    );
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'target 3 is Dropped' });
  });
});

describe('a publication that is disturbed', () => {
  const cancelledBy = (...codes: readonly string[]) =>
    new TransactionCanceledException({
      $metadata: {},
      message: `cancelled: ${codes.join()}`,
      CancellationReasons: codes.map((Code) => ({ Code })),
    });

  it.each([
    ['a conflict with another transaction', ['None', 'TransactionConflict']],
    ['a throttled partition', ['ThrottlingError', 'None']],
  ])('by %s is tried again', async (_, codes) => {
    const world = await checkerWorld();
    await world.has(copied(2, 99));
    let failures = 0;
    const report = await world.check(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'TransactWriteItems' && ++failures <= 3) throw cancelledBy(...codes);
          return proceed();
        },
      },
    );
    expect(report).toMatchObject({ complete: true, segments: { published: 198 }, jobs: { completed: 1 } });
  });

  const refusing = async ({ operation, proceed }: DisturbedCall): Promise<unknown> => {
    if (operation === 'TransactWriteItems')
      throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    return proceed();
  };

  it('by a table that refuses stays due before its deadline, and the next check publishes', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 3));
    const report = await world.check({}, { disturb: refusing });
    expect(report).toMatchObject({
      complete: false,
      problems: [{ kind: 'failed', reason: 'AccessDeniedException: no' }],
    });
    expect(await world.job()).toMatchObject({ state: 'Publishing', dueAt: BigInt(NOW) });
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('by a table that refuses past the deadline fails the job', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 3));
    await world.check({}, { disturb: refusing });
    world.clock.now += 24 * HOUR;
    await world.check({}, { disturb: refusing });
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout while publishing' });
  });

  it('by tasks that cannot be read past the deadline fails the job', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 3));
    await world.changeJob({ state: 'Publishing', timeoutAt: NOW });
    await world.check(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          if (operation === 'Query' && textOf(input).includes(':jobId')) throw new Error('throttled');
          return proceed();
        },
      },
    );
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout while publishing' });
  });

  it('by a task that no longer says it is Completed waits, and fails at the deadline', async () => {
    const world = await checkerWorld();
    await world.has(copied(2, 1));
    await world.changeJob({ state: 'Publishing', publishedThroughTaskId: 1n, timeoutAt: NOW + MINUTE });
    await world.put('tasks', { ...(await world.task(2n)), state: 'InProgress' });
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Publishing', dueAt: BigInt(NOW + MINUTE) });
    world.clock.now += MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout while publishing' });
    expect(await published(world)).toBe(0);
  });
});

describe('a checker that is killed', () => {
  const rows = () => [...copied(7, 50), segment(9_000n)];
  const killedAt =
    (n: number, moment: 'before' | 'after') =>
    async ({ number, proceed }: DisturbedCall): Promise<unknown> => {
      if (number > n || (number === n && moment === 'before')) throw new Error('killed');
      const answer = await proceed();
      if (number === n) throw new Error('killed');
      return answer;
    };

  it.each(['before', 'after'] as const)(
    '%s any request of a publication is followed by one that ends the same',
    async (moment) => {
      const undisturbed = await checkerWorld();
      await undisturbed.has(rows());
      let requests = 0;
      await undisturbed.check(
        {},
        {
          disturb: ({ number, proceed }) => {
            requests = number;
            return proceed();
          },
        },
      );
      const expected = await undisturbed.items();
      expect(requests).toBeGreaterThan(10);
      for (let n = 1; n <= requests; n++) {
        const world = await checkerWorld();
        await world.has(rows());
        await world.check({}, { disturb: killedAt(n, moment) }).catch(() => {});
        await world.check();
        expect(await world.items(), `killed ${moment} request ${n}`).toEqual(expected);
      }
    },
  );

  it('resumes at its place: what is published is not sent again', async () => {
    const world = await checkerWorld();
    await world.has(copied(10, 99));
    await world.check({}, { disturb: killedAt(4 + 1 + 1 + 1 + 6, 'after') }).catch(() => {});
    expect(await world.job()).toMatchObject({
      state: 'Publishing',
      publishedThroughTaskId: 6n,
      dueAt: BigInt(NOW),
    });
    const report = await world.check();
    expect(report.segments).toEqual({ published: 4 * 99, alreadyPublished: 0, lost: 0 });
    expect(report.verdicts).toMatchObject({ publish: 0, publishOn: 1 });
  });

  it('in the middle of a task that is split finds what it published', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 250));
    await world.check({}, { disturb: killedAt(4 + 1 + 1 + 1 + 2, 'after') }).catch(() => {});
    expect(await world.job()).not.toHaveProperty('publishedThroughTaskId');
    expect(await published(world)).toBe(198);
    const report = await world.check();
    expect(report.segments).toEqual({ published: 52, alreadyPublished: 198, lost: 0 });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('by its own time stops between transactions, due now, and is resumed', async () => {
    const world = await checkerWorld();
    await world.has(copied(10, 99));
    let transactions = 0;
    const report = await world.check(
      {},
      {
        remainingMs: () => (transactions >= 3 ? 5_000 : 60_000),
        disturb: async ({ operation, proceed }) => {
          if (operation === 'TransactWriteItems') transactions++;
          return proceed();
        },
      },
    );
    expect(report).toMatchObject({ complete: false, segments: { published: 3 * 99 }, problems: [] });
    expect(await world.job()).toMatchObject({
      state: 'Publishing',
      publishedThroughTaskId: 3n,
      dueAt: BigInt(NOW),
    });
    expect((await world.check()).segments.published).toBe(7 * 99);
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('from outside, with a transaction under way, says that it is not complete', async () => {
    const world = await checkerWorld();
    await world.has(copied(2, 99));
    await world.changeJob({ timeoutAt: NOW });
    const cutOff = new AbortController();
    const report = await world.check(
      {},
      {
        signal: cutOff.signal,
        disturb: async ({ operation, proceed }) => {
          if (operation !== 'TransactWriteItems') return proceed();
          cutOff.abort();
          throw Object.assign(new Error('Request aborted'), { name: 'AbortError' });
        },
      },
    );
    expect(report.complete).toBe(false);
    // The deadline is past, but it is not that it could not publish.
    expect(await world.job()).toMatchObject({ state: 'Publishing' });
  });
});

describe('the fence', () => {
  const failedByOperator = { state: 'Failed', reason: 'cancelled by ann', completedAt: NOW };

  it.each([1, 2, 3, 4])(
    'nothing becomes visible after the job was failed before transaction %i, and all of it is dropped',
    async (n) => {
      const world = await checkerWorld();
      await world.has(copied(4, 99));
      const report = await world.check(
        {},
        { disturb: atTransaction(n, () => world.changeJob(failedByOperator)) },
      );
      expect(report).toMatchObject({
        complete: true,
        segments: { published: (n - 1) * 99 },
        jobs: { movedOn: 1 },
      });
      expect(await published(world)).toBe((n - 1) * 99);
      expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'cancelled by ann' });
      await world.pass();
      const { segments } = await world.items();
      for (const item of segments) expect(item).toMatchObject({ state: 'Dropped', isImporting: false });
      expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    },
  );

  it('a job that is failed after its last transaction is not completed', async () => {
    const world = await checkerWorld();
    await world.has(copied(2, 99));
    await world.check({}, { disturb: atTransaction(2, () => world.changeJob(failedByOperator), 'after') });
    expect(await world.job()).toMatchObject({ state: 'Failed' });
    await world.pass();
    for (const { state } of (await world.items()).segments) expect(state).toBe('Dropped');
  });

  it('a checker that was paused, and wakes after the next one failed the job, flips nothing', async () => {
    const world = await checkerWorld();
    await world.has(copied(4, 99));
    const nextOne = async (): Promise<void> => {
      world.clock.now += 25 * HOUR;
      await world.check(
        {},
        {
          disturb: async ({ operation, proceed }) => {
            if (operation === 'TransactWriteItems')
              throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
            return proceed();
          },
        },
      );
      expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout while publishing' });
      await world.pass();
    };
    const report = await world.check({}, { disturb: atTransaction(3, nextOne) });
    expect(report.jobs).toMatchObject({ movedOn: 1, completed: 0 });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Dropped');
  });

  it('of two checkers, one publishes: the other moves on at its first transaction', async () => {
    const world = await checkerWorld();
    await world.has(copied(6, 99));
    let other: Awaited<ReturnType<CheckerWorld['check']>> | undefined;
    const first = await world.check(
      {},
      {
        disturb: atTransaction(3, async () => {
          other = await world.check();
        }),
      },
    );
    expect(first.segments.published).toBe(2 * 99);
    expect(first.jobs).toMatchObject({ movedOn: 1, completed: 0 });
    expect(other).toMatchObject({
      segments: { published: 4 * 99, alreadyPublished: 0 },
      jobs: { completed: 1 },
    });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });

  it('two checkers at once end in the same state as one, each target published once', async () => {
    const alone = await checkerWorld();
    await alone.has(copied(6, 70));
    await alone.check();
    const together = await checkerWorld();
    await together.has(copied(6, 70));
    const reports = await Promise.all([together.check(), together.check(), together.check()]);
    while ((await together.job())?.state !== 'Completed') reports.push(await together.check());
    expect(await together.items()).toEqual(await alone.items());
    const sum = reports.reduce((total, { segments }) => total + segments.published, 0);
    expect(sum).toBe(420);
  });
});

describe('what a look holds', () => {
  it('is 8 bytes per target: a million targets fit into a few megabytes', () => {
    const ids = createIdList();
    for (let id = 1_000_000n; id > 0n; id--) ids.add(id * 1_000_003n);
    expect(ids.length).toBe(1_000_000);
    expect(ids.distinct()).toEqual({ count: 1_000_000 });
    ids.add(500_000n * 1_000_003n);
    expect(ids.distinct()).toEqual({ count: 1_000_000, repeated: 500_000n * 1_000_003n });
    expect(ids.at(0)).toBe(1_000_000n * 1_000_003n);
  });

  it('resumes anywhere: batches after a place hold the targets of the tasks after it, once', () => {
    const survey = createSurvey();
    const sizes = [3, 0, 150, 98, 1, 0, 260, 5];
    let next = 1n;
    const targetsOf = sizes.map((size) => Array.from({ length: size }, () => next++));
    for (const [index, targetSegmentIds] of targetsOf.entries()) {
      const taskId = BigInt(10 * (index + 1));
      const task = { jobId: 1n, taskId, state: 'Completed', targetSegmentIds, raw: {} } as unknown as Task;
      const sighting: TaskSighting<Task> = {
        key: { jobId: 1n, taskId },
        raw: {},
        reading: { ok: true, value: task },
      };
      survey.add(sighting);
    }
    const { targets } = survey.end();
    for (const after of [undefined, 10n, 20n, 25n, 30n, 40n, 60n, 70n, 80n]) {
      const batches = [...targetBatches(targets, after)];
      const expected = targetsOf.filter(
        (_, index) => after === undefined || BigInt(10 * (index + 1)) > after,
      );
      expect(batches.flatMap(({ segmentIds }) => segmentIds)).toEqual(expected.flat());
      for (const { segmentIds } of batches) expect(segmentIds.length).toBeLessThanOrEqual(99);
      // A place never claims a target that no batch up to it holds.
      const seen = new Set<bigint>();
      for (const { segmentIds, through = after ?? 0n } of batches) {
        for (const id of segmentIds) seen.add(id);
        for (const [index, ids] of targetsOf.entries()) {
          const taskId = BigInt(10 * (index + 1));
          if (taskId <= through && taskId > (after ?? 0n))
            for (const id of ids) expect(seen.has(id)).toBe(true);
        }
      }
    }
  });
});
