import { describe, expect, it } from 'vitest';
import { jobCancelled } from '../functions/copy-segment/checker-job-changes.ts';
import { readJob } from '../functions/copy-segment/job.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type CheckerWorld, checkerWorld, copied, done, submitted } from './support/checker-world.ts';
import type { DisturbedCall } from './support/embedded-world.ts';
import { textOf } from './support/fail-statements.ts';

const DEADLINE = NOW + 24 * HOUR;

describe('a check', () => {
  it('publishes a job whose tasks are all Completed: every target visible, then the job Completed', async () => {
    const world = await checkerWorld();
    await world.has(copied(3, 4));
    const report = await world.check();
    const { segments } = await world.items();
    expect(segments).toHaveLength(12);
    for (const item of segments)
      expect(item).toMatchObject({ state: 'Flushed', isImporting: false, publishedAt: BigInt(NOW) });
    const over = await world.job();
    expect(over).toMatchObject({
      state: 'Completed',
      completedAt: BigInt(NOW),
      expiresAt: BigInt(Math.floor(NOW / 1_000) + 30 * 24 * 3_600),
      completedTasks: 3n,
      completedSegments: 12n,
      copiedBytes: 3_000n,
    });
    expect(over).not.toHaveProperty('dueAt');
    expect(over).not.toHaveProperty('publishedThroughTaskId');
    expect(report).toMatchObject({
      mode: 'check',
      complete: true,
      read: { dueJobs: 1, jobs: 1, tasks: 3, segments: 0 },
      verdicts: { publish: 1 },
      jobs: { publishing: 1, completed: 1 },
      segments: { published: 12 },
      problems: [],
    });
  });

  it('starts a Pending job all of whose tasks are there, and judges it as Executing in the same look', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(1, 1, { jobId: 1n, state: 'Pending' }),
      task({ jobId: 1n, targets: [11n] }),
      copied(1, 1, 2n),
    );
    await world.changeJob({ state: 'Pending' }, 2n);
    const report = await world.check();
    expect(await world.job(1n)).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW + 15 * MINUTE) });
    expect(await world.job(2n)).toMatchObject({ state: 'Completed' });
    expect(report.jobs).toMatchObject({ started: 2, waited: 1, completed: 1 });
  });

  it('fails a job one of whose tasks failed, due now for the inspector, and says so', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(3, 3),
      done(1n, [11n]),
      task({ taskId: 2n, state: 'Failed', reason: 'source object gone', targets: [12n] }),
      task({ taskId: 3n, state: 'Failed', reason: 'disk', targets: [13n] }),
      [11n, 12n, 13n].map((id) => segment(id)),
    );
    const report = await world.check();
    const reason = '2/3 tasks failed: source object gone';
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason,
      completedAt: BigInt(NOW),
      dueAt: BigInt(NOW),
    });
    expect(report.jobs.markedFailed).toBe(1);
    expect(report.problems).toEqual([{ key: { jobId: '1' }, kind: 'jobFailed', reason }]);
    expect((await world.items()).segments.map(({ state }) => state)).toEqual(Array(3).fill('Importing'));
  });

  it('cuts a reason that others wrote between characters, never within one', async () => {
    const world = await checkerWorld();
    await world.has(submitted(1, 1), task({ state: 'Failed', reason: '🜚'.repeat(1_000), targets: [11n] }));
    await world.check();
    const { reason } = (await world.job()) as { reason: string };
    expect([...reason]).toHaveLength(300);
    expect(reason.isWellFormed()).toBe(true);
  });

  it('takes a Completed job out of the index, and leaves a Failed one to the inspector', async () => {
    const world = await checkerWorld();
    await world.has(
      job({ jobId: 1n, state: 'Completed', dueAt: NOW }),
      job({ jobId: 2n, state: 'Failed', dueAt: NOW }),
    );
    const failed = await world.job(2n);
    const report = await world.check();
    expect(await world.job(1n)).not.toHaveProperty('dueAt');
    expect(await world.job(2n)).toEqual(failed);
    expect(report.jobs).toMatchObject({ left: 1 });
    expect(report.read.jobs).toBe(1);
  });

  it('begins its looks in ascending id, as numbers, whatever is most overdue', async () => {
    const world = await checkerWorld();
    const ids = [449_999_999_999_999_991n, 10n, 9n];
    await world.has(ids.map((jobId, index) => submitted(1, 1, { jobId, dueAt: NOW - index * HOUR })));
    const begun: string[] = [];
    await world.check(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          const { ':jobId': jobId } = (input.ExpressionAttributeValues ?? {}) as Record<string, unknown>;
          if (operation === 'Query' && jobId !== undefined) begun.push(String(jobId));
          return proceed();
        },
      },
    );
    expect(begun).toEqual(['9', '10', '449999999999999991']);
  });

  it('looks at the requested jobs alone, and at none that is not due', async () => {
    const world = await checkerWorld();
    await world.has([1n, 2n, 3n].flatMap((jobId) => copied(1, 1, jobId)));
    await world.changeJob({ dueAt: NOW + MINUTE }, 3n);
    await world.check({ jobIds: ['2', '3'] });
    const states = (await world.items()).jobs.map(({ state }) => state);
    expect(states).toEqual(['Executing', 'Completed', 'Executing']);
  });
});

describe('a look in vain', () => {
  const waiting = async (overrides = {}): Promise<CheckerWorld> => {
    const world = await checkerWorld();
    await world.has(submitted(2, 3, overrides), done(1n, [11n, 12n]), task({ taskId: 2n, targets: [21n] }));
    return world;
  };

  it('sets the hints right and puts the next look off, longer each time, at most 6 hours', async () => {
    const world = await waiting({ completedTasks: 9, completedSegments: 1, copiedBytes: 7 });
    const minutes: number[] = [];
    for (let look = 1; look <= 7; look++) {
      await world.check();
      const { dueAt, looks } = (await world.job()) as { dueAt: bigint; looks: bigint };
      expect(looks).toBe(BigInt(look));
      minutes.push((Number(dueAt) - world.clock.now) / MINUTE);
      // Not due before, so not looked at.
      world.clock.now = Number(dueAt) - 1;
      expect((await world.check()).read.dueJobs).toBe(0);
      world.clock.now = Number(dueAt);
    }
    expect(minutes).toEqual([15, 30, 60, 120, 240, 360, 360]);
    expect(await world.job()).toMatchObject({
      state: 'Executing',
      completedTasks: 1n,
      completedSegments: 2n,
      copiedBytes: 1_000n,
    });
  });

  it('comes back at the deadline at the latest, and then fails the job', async () => {
    const world = await waiting({ timeoutAt: NOW + 10 * MINUTE });
    await world.check();
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW + 10 * MINUTE) });
    world.clock.now += 10 * MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason: 'timeout',
      dueAt: BigInt(world.clock.now),
    });
  });

  it('counts from the last news: a task that was completed meanwhile, though its hint was lost', async () => {
    const world = await waiting();
    await world.check();
    world.clock.now += 15 * MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({ looks: 2n });
    await world.has(done(1n, [11n, 12n], { completedAt: world.clock.now + MINUTE }));
    world.clock.now += 30 * MINUTE;
    await world.check();
    expect(await world.job()).toMatchObject({ looks: 1n, dueAt: BigInt(world.clock.now + 15 * MINUTE) });
  });

  it('of a job without a deadline never fails it', async () => {
    const world = await waiting({ timeoutAt: null });
    for (let look = 0; look < 20; look++) {
      await world.check();
      world.clock.now += 6 * HOUR;
    }
    expect(await world.job()).toMatchObject({ state: 'Executing' });
  });
});

/** Something happens in the world just before the checker's first request of this kind that holds this text. */
function justBefore(operation: string, needle: string, happens: () => Promise<void>) {
  let hasHappened = false;
  return async (call: DisturbedCall): Promise<unknown> => {
    if (!hasHappened && call.operation === operation && textOf(call.input).includes(needle)) {
      hasHappened = true;
      await happens();
    }
    return call.proceed();
  };
}

describe('a job that changes between the look and', () => {
  const failedByOperator = { state: 'Failed', reason: 'cancelled by ann', dueAt: NOW };

  it.each([
    ['its start', 'Executing', [submitted(1, 1, { state: 'Pending' }), task({ targets: [11n] })]],
    ['its publication', 'Publishing', copied(1, 1)],
    ['its failure', 'Failed', [submitted(1, 1), task({ state: 'Failed', targets: [11n] })]],
    ['its deadline', 'timeout', [submitted(1, 1, { timeoutAt: NOW }), task({ targets: [11n] })]],
    ['its next look', 'looks', [submitted(1, 1), task({ targets: [11n] })]],
    ['its completion', 'Completed', copied(1, 1)],
  ])('%s keeps what somebody else wrote', async (_, needle, rows) => {
    const world = await checkerWorld();
    await world.has(rows);
    const report = await world.check(
      {},
      {
        disturb: justBefore('BatchExecuteStatement', `"${needle}`, () =>
          world.changeJob({ ...failedByOperator }),
        ),
      },
    );
    expect(report.jobs.movedOn).toBe(1);
    expect(report.complete).toBe(true);
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'cancelled by ann' });
  });

  it('its leaving the index keeps its marker', async () => {
    const world = await checkerWorld();
    await world.has(job({ state: 'Completed', dueAt: NOW }));
    await world.check(
      {},
      { disturb: justBefore('BatchExecuteStatement', 'dueAt', () => world.changeJob(failedByOperator)) },
    );
    expect(await world.job()).toMatchObject({ state: 'Failed', dueAt: BigInt(NOW) });
  });

  it('its next look keeps news: the job stays due', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(2, 2, { dueAt: NOW - MINUTE }),
      done(1n, [11n]),
      task({ taskId: 2n, targets: [12n] }),
    );
    const news = { completedTasks: 2, dueAt: NOW };
    const report = await world.check(
      {},
      { disturb: justBefore('BatchExecuteStatement', 'looks', () => world.changeJob(news)) },
    );
    expect(report.jobs).toMatchObject({ waited: 0, movedOn: 1 });
    expect(await world.job()).toMatchObject({ completedTasks: 2n, dueAt: BigInt(NOW) });
    expect(await world.job()).not.toHaveProperty('looks');
  });

  it('its next look keeps a hint, and is put off all the same', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(3, 3),
      done(1n, [11n]),
      [2n, 3n].map((taskId) => task({ taskId, targets: [taskId] })),
    );
    const report = await world.check(
      {},
      { disturb: justBefore('BatchExecuteStatement', 'looks', () => world.changeJob({ completedTasks: 2 })) },
    );
    expect(report.jobs).toMatchObject({ waited: 1, movedOn: 0 });
    expect(await world.job()).toMatchObject({
      completedTasks: 2n,
      looks: 1n,
      dueAt: BigInt(NOW + 15 * MINUTE),
    });
  });
});

describe('past its deadline', () => {
  it('a job is judged by its state', async () => {
    const world = await checkerWorld();
    const late = { timeoutAt: NOW - 1 };
    await world.has(
      submitted(2, 2, { jobId: 1n, state: 'Pending', ...late }),
      submitted(1, 1, { jobId: 2n, ...late }),
      task({ jobId: 2n, targets: [21n] }),
      copied(1, 2, 3n),
      copied(1, 2, 4n),
      job({ jobId: 5n, state: 'Completed', dueAt: NOW, ...late }),
      job({ jobId: 6n, state: 'Failed', reason: 'disk', dueAt: NOW, ...late }),
      submitted(1, 1, { jobId: 7n, state: 'Pending', ...late }),
      task({ jobId: 7n, targets: [71n] }),
    );
    await world.changeJob(late, 3n);
    await world.changeJob({ ...late, state: 'Publishing' }, 4n);
    await world.check();
    const ends = (await world.items()).jobs.map(({ state, reason }) =>
      [state, reason].filter(Boolean).join(': '),
    );
    expect(ends).toEqual([
      'Failed: timeout',
      'Failed: timeout',
      'Completed',
      'Completed',
      'Completed',
      'Failed: disk',
      'Failed: timeout',
    ]);
  });
});

describe('rows that cannot be read', () => {
  it('a job without a state is reported, and looked at again in six hours', async () => {
    const world = await checkerWorld();
    await world.has(job({ jobId: 1n, state: 'Paused' as 'Pending', dueAt: NOW }), copied(1, 1, 2n));
    const report = await world.check();
    expect(report.problems).toMatchObject([{ key: { jobId: '1' }, kind: 'malformed' }]);
    expect(await world.job(1n)).toMatchObject({ dueAt: BigInt(NOW + 6 * HOUR) });
    expect(await world.job(2n)).toMatchObject({ state: 'Completed' });
    expect((await world.check()).read.dueJobs).toBe(0);
  });

  it.each(['Executing', 'Publishing'] as const)(
    'a task that says nothing keeps every target of a job that is %s as it is; it is looked at again with backoff',
    async (state) => {
      const world = await checkerWorld();
      await world.has(copied(2, 2));
      await world.put('tasks', { ...(await world.task(2n)), idMappings: 'none' });
      await world.changeJob({ state });
      const report = await world.check();
      expect(report.problems).toEqual([
        { key: { jobId: '1' }, kind: 'malformed', reason: expect.stringMatching(/^task 2: idMappings: /) },
      ]);
      expect(await world.job()).toMatchObject({ state, dueAt: BigInt(NOW + 15 * MINUTE) });
      for (const item of (await world.items()).segments) expect(item.state).toBe('Importing');
    },
  );

  it('a hint that is no number is set right', async () => {
    const world = await checkerWorld();
    await world.has(submitted(1, 1, { completedTasks: 'many', looks: -3 }), task({ targets: [11n] }));
    await world.check();
    expect(await world.job()).toMatchObject({ completedTasks: 0n, looks: 1n });
  });

  it('NULL is absent', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 1));
    await world.changeJob({
      timeoutAt: null,
      publishedThroughTaskId: null,
      completedTasks: null,
      reason: null,
    });
    await world.check();
    expect(await world.job()).toMatchObject({ state: 'Completed' });
  });
});

describe('an operator who cancels', () => {
  it.each(['Pending', 'Executing'] as const)(
    'ends a job that is %s: the same write as a failure',
    (state) => {
      const item = job({ state }).item;
      const reading = readJob({ ...item, createdAt: BigInt(NOW), dueShard: 1n });
      if (!reading.ok) throw new Error(reading.reason);
      expect(jobCancelled(reading.value, 'ann', NOW, 4)).toEqual({
        table: 'jobs',
        key: { jobId: 1n },
        if: { state },
        set: { state: 'Failed', reason: 'cancelled by ann', completedAt: NOW, dueAt: NOW },
        remove: [],
        action: { what: 'failed', because: 'cancelled by ann' },
      });
    },
  );

  it.each(['Publishing', 'Completed', 'Failed'] as const)('cannot end a job that is %s', (state) => {
    const reading = readJob({ ...job({ state }).item, createdAt: BigInt(NOW), dueShard: 1n });
    if (!reading.ok) throw new Error(reading.reason);
    expect(jobCancelled(reading.value, 'ann', NOW, 4)).toBeUndefined();
  });
});

describe('what cannot be read now', () => {
  const unanswered =
    (operation: string, needle: string) =>
    async (call: DisturbedCall): Promise<unknown> => {
      if (call.operation === operation && textOf(call.input).includes(needle))
        throw Object.assign(new Error('throttled'), { name: 'ThrottlingException' });
      return call.proceed();
    };

  it('the tasks of one job: it stays due, and the others are looked at', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 1, 1n), copied(1, 1, 2n));
    const before = await world.job(1n);
    const report = await world.check({}, { disturb: unanswered('Query', ':jobId":"1"') });
    expect(report).toMatchObject({ complete: false, jobs: { failed: 1, completed: 1 } });
    expect(await world.job(1n)).toEqual(before);
  });

  it('the job itself: likewise', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 1, 1n), copied(1, 1, 2n));
    const report = await world.check({}, { disturb: unanswered('BatchGetItem', '"jobId":"1"') });
    expect(report).toMatchObject({ complete: false, jobs: { failed: 1, completed: 1 } });
    expect(await world.job(1n)).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW) });
  });

  it('a shard of the index: the others are looked at; all of them: the check fails', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 1, 1n), copied(1, 1, 2n));
    const report = await world.check({}, { disturb: unanswered('Query', ':shard":1') });
    expect(report).toMatchObject({ complete: false, jobs: { completed: 1 } });
    expect(await world.job(1n)).toMatchObject({ state: 'Executing' });
    await expect(world.check({}, { disturb: unanswered('Query', ':shard') })).rejects.toThrow('throttled');
  });
});

describe('the cost of a check', () => {
  it('is one query a shard for 10,000 running jobs without news', async () => {
    const world = await checkerWorld();
    const jobIds = Array.from({ length: 10_000 }, (_, index) => BigInt(index + 1));
    await world.has(jobIds.map((jobId) => submitted(5, 50, { jobId, dueAt: NOW + 1 })));
    const report = await world.check();
    expect(report.requests).toEqual({ total: 4, byOperation: { Query: 4 } });
    expect(report.capacity).toEqual({ readUnits: 2, writeUnits: 0 });
  });

  it('of a job that waits is one read of its tasks and one write', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(500, 500),
      Array.from({ length: 500 }, (_, index) =>
        task({ taskId: BigInt(index + 1), targets: [BigInt(index + 1)] }),
      ),
    );
    const report = await world.check();
    expect(report.requests.byOperation).toEqual({ Query: 5, BatchGetItem: 1, BatchExecuteStatement: 1 });
    expect(report.read).toMatchObject({ tasks: 500 });
  });

  it('of a job of 1,000 tasks that finish at once is one look', async () => {
    const world = await checkerWorld();
    await world.has(copied(1_000, 2));
    const report = await world.check();
    expect(report.read).toMatchObject({ jobs: 1, tasks: 1_000, segments: 0 });
    expect(report.requests.byOperation.TransactWriteItems).toBe(Math.ceil(2_000 / 99));
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect((await world.check()).requests.total).toBe(4);
  });
});

describe('a recovery', () => {
  it('gives every running job a marker that has none, or a wrong one, and no other job', async () => {
    const world = await checkerWorld();
    const right = NOW + HOUR;
    await world.has(
      (['Pending', 'Executing', 'Publishing', 'Completed', 'Failed'] as const).map((state, index) =>
        job({ jobId: BigInt(index + 1), state, dueAt: null, dueShard: null }),
      ),
      job({ jobId: 6n, dueAt: right }),
      job({ jobId: 7n, dueAt: BigInt(NOW) * 1_000_000n }),
      job({ jobId: 8n, dueAt: right, timeoutAt: NOW + MINUTE }),
      job({ jobId: 9n, dueAt: right, dueShard: 99 }),
      job({ jobId: 10n, dueAt: right, timeoutAt: DEADLINE }),
    );
    const report = await world.check({ mode: 'recover' });
    const { jobs } = await world.items();
    expect(jobs.map(({ dueAt }) => dueAt)).toEqual([
      BigInt(NOW),
      BigInt(NOW),
      BigInt(NOW),
      undefined,
      undefined,
      BigInt(right),
      BigInt(NOW),
      BigInt(NOW),
      BigInt(NOW),
      BigInt(right),
    ]);
    expect(jobs.slice(0, 3).map(({ dueShard }) => dueShard)).toEqual([1n, 2n, 3n]);
    expect(report).toMatchObject({ mode: 'recover', complete: true, jobs: { marked: 6, failed: 0 } });
    expect((await world.check({ mode: 'recover' })).jobs.marked).toBe(0);
  });

  it('of some jobs marks these alone', async () => {
    const world = await checkerWorld();
    await world.has([1n, 2n].map((jobId) => job({ jobId, dueAt: null })));
    await world.check({ mode: 'recover', jobIds: ['2', '404'] });
    expect(await world.job(1n)).not.toHaveProperty('dueAt');
    expect(await world.job(2n)).toHaveProperty('dueAt');
  });

  it('reports a job that cannot be read, and writes nothing to it', async () => {
    const world = await checkerWorld();
    await world.has(job({ state: 'Paused' as 'Pending' }));
    const before = await world.items();
    const report = await world.check({ mode: 'recover' });
    expect(report.problems).toMatchObject([{ kind: 'malformed', key: { jobId: '1' } }]);
    expect(await world.items()).toEqual(before);
  });

  it('whose scan is throttled says so, and is not complete', async () => {
    const world = await checkerWorld();
    const report = await world.check(
      { mode: 'recover' },
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'Scan')
            throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
          return proceed();
        },
      },
    );
    expect(report).toMatchObject({ complete: false, problems: [{ key: { part: 'scan' }, kind: 'failed' }] });
  });

  it('lets a marker be that somebody sets meanwhile', async () => {
    const world = await checkerWorld();
    await world.has(job({ dueAt: null }));
    const report = await world.check(
      { mode: 'recover' },
      { disturb: justBefore('BatchExecuteStatement', 'dueAt', () => world.changeJob({ dueAt: NOW + HOUR })) },
    );
    expect(report.jobs).toMatchObject({ marked: 0, movedOn: 1 });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW + HOUR) });
  });
});

describe('the event of a check', () => {
  it.each([
    [{ mode: 'react' }, 'mode must be "check" or "recover"'],
    [{ mode: 'inspect' }, 'mode must be "check" or "recover"'],
    [{ fromJobId: '1' }, 'fromJobId is not a field of the event'],
    [{ jobIds: [] }, 'jobIds names no job'],
    [{ jobIds: [1] }, 'jobIds.0 must be a decimal string'],
    [{ dryRun: 'yes' }, 'dryRun must be true or false'],
    [[], 'event must be a JSON object'],
  ])('%o is refused: %s', async (event, message) => {
    const world = await checkerWorld();
    expect(() => world.check(event)).toThrow(message);
  });
});
