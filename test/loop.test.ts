import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expired, HOUR, job, MINUTE, NOW, type Row, segment, task } from './support/builders.ts';
import { type CheckerWorld, checkerWorld, copied, done, submitted } from './support/checker-world.ts';
import type { Disturbance } from './support/embedded-world.ts';

describe('the inspector and the checker together', () => {
  it('all tasks Completed: every target Flushed, the job Completed, and the inspector touches nothing', async () => {
    const world = await checkerWorld();
    await world.has(copied(3, 4));
    await world.pass();
    await world.check();
    const over = await world.items();
    expect(over.jobs).toMatchObject([{ state: 'Completed' }]);
    for (const item of over.segments) expect(item).toMatchObject({ state: 'Flushed', isImporting: false });
    for (const mode of ['inspect', 'recover']) await world.pass({ mode });
    await world.check({ mode: 'recover' });
    await world.check();
    expect(await world.items()).toEqual(over);
  });

  it.each([
    ['failed', task({ state: 'Failed', targets: [11n] })],
    ['lost its lease for the tenth time', task({ ...expired, lostLeases: 9, targets: [11n] })],
  ])('a task that %s: the inspector drops its targets and has the checker look now', async (_, failed) => {
    const world = await checkerWorld();
    await world.has(submitted(2, 2, { dueAt: NOW + HOUR, looks: 3 }), failed, segment(11n));
    expect((await world.pass()).jobs).toMatchObject({ woken: 1 });
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW) });
    expect(await world.job()).not.toHaveProperty('looks');
    await world.check();
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^1\/2 tasks failed/),
    });
  });

  it.each([
    ['a job that is due already stays as overdue as it is', { dueAt: NOW - MINUTE }],
    ['a job whose checker uses no marker gets none', { dueAt: null }],
  ])('%s, when a task of it failed', async (_, marker) => {
    const world = await checkerWorld();
    await world.has(submitted(2, 2, marker), task({ state: 'Failed', targets: [11n] }), segment(11n));
    const before = await world.job();
    await world.pass();
    expect(await world.job()).toEqual(before);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('whichever request fails, the next pass has dropped for a Failed task and told the checker', async () => {
    for (let refused = 1, requests = 1; refused <= requests; refused++) {
      const world = await checkerWorld();
      await world.has(
        submitted(2, 2, { dueAt: NOW + HOUR }),
        task({ state: 'Failed', targets: [11n] }),
        segment(11n),
      );
      const refuse: Disturbance = async ({ number, proceed }) => {
        requests = Math.max(requests, number);
        if (number === refused) throw new Error('refused');
        return proceed();
      };
      await world.pass({}, { disturb: refuse }).catch(() => {});
      await world.pass();
      expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    }
  });

  it('one task Failed: the checker fails the job, the inspector drops every target of every task', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(3, 5),
      done(1n, [11n, 12n]),
      task({ taskId: 2n, state: 'Failed', reason: 'source object gone', targets: [21n, 22n] }),
      task({ taskId: 3n, targets: [31n] }),
      [11n, 12n, 21n, 22n, 31n].map((id) => segment(id)),
    );
    await world.check();
    await world.pass();
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason: '1/3 tasks failed: source object gone',
      segmentsDroppedAt: BigInt(NOW),
    });
    for (const item of (await world.items()).segments)
      expect(item).toMatchObject({ state: 'Dropped', isImporting: false });
    expect(await world.messages()).toEqual([]);
    expect((await world.check()).read.dueJobs).toBe(0);
  });

  it('a job that ran into its deadline is dropped whole; what its workers complete later changes nothing', async () => {
    const world = await checkerWorld();
    await world.has(
      submitted(2, 2, { timeoutAt: NOW }),
      done(1n, [11n]),
      task({ taskId: 2n, state: 'InProgress', leaseExpiresAt: NOW + MINUTE, targets: [12n] }),
      [11n, 12n].map((id) => segment(id)),
    );
    await world.check();
    await world.pass();
    await world.has(done(2n, [12n]));
    await world.changeJob({ completedTasks: 2, dueAt: NOW });
    await world.check();
    await world.pass();
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout' });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Dropped');
  });

  it('a running job is the checker’s: the inspector never calls it unchecked', async () => {
    const world = await checkerWorld();
    await world.has(submitted(1, 1), task({ targets: [11n] }), segment(11n));
    for (let minute = 0; minute < 300; minute += 10) {
      world.clock.now = NOW + minute * MINUTE;
      await world.check();
      expect((await world.pass()).jobs.unchecked).toBe(0);
    }
  });
});

describe('a restore under way, whatever its parties do in whatever order', () => {
  const JOBS = [1n, 2n, 3n];
  const TASKS = [1n, 2n, 3n];
  const targetsOf = (jobId: bigint, taskId: bigint): bigint[] =>
    // One task is larger than a transaction, so that a publication is cut in the middle of it.
    Array.from(
      { length: jobId === 1n && taskId === 2n ? 120 : 2 },
      (_, n) => jobId * 10_000n + taskId * 1_000n + BigInt(n),
    );

  /** Job 3 is another writer's: it has no totals. */
  const restore = (): Row[] =>
    JOBS.flatMap((jobId) => [
      jobId === 3n
        ? job({ jobId, dueAt: NOW, timeoutAt: NOW + 5 * HOUR })
        : submitted(3, jobId === 1n ? 124 : 6, {
            jobId,
            state: jobId === 1n ? 'Pending' : 'Executing',
            timeoutAt: NOW + 5 * HOUR,
          }),
      ...TASKS.map((taskId) => task({ jobId, taskId, targets: targetsOf(jobId, taskId) })),
      ...TASKS.flatMap((taskId) => targetsOf(jobId, taskId)).map((id) => segment(id, 'Importing', { jobId })),
    ]);

  const crash = fc.option(fc.integer({ min: 1, max: 20 }));
  const party = fc.constantFrom(...JOBS);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('check' as const), crash }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('checks' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), crash }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('recover' as const) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('complete' as const),
        job: party,
        task: fc.constantFrom(...TASKS),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('fail' as const), job: party, task: fc.constantFrom(...TASKS) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), job: party }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 15, 60) }),
    },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  const crashAt = (n: number | null): { disturb?: Disturbance } =>
    n === null
      ? {}
      : {
          disturb: async ({ number, proceed }) => {
            if (number > n) throw new Error('crashed');
            const answer = await proceed();
            if (number === n) throw new Error('crashed');
            return answer;
          },
        };

  async function take(world: CheckerWorld, current: Step): Promise<void> {
    const { now } = world.clock;
    switch (current.do) {
      case 'check':
        await world.check({}, crashAt(current.crash)).catch(() => {});
        return;
      case 'checks':
        await Promise.all([world.check(), world.check()]);
        return;
      case 'pass':
        await world.pass({}, crashAt(current.crash)).catch(() => {});
        return;
      case 'recover':
        await Promise.all([world.check({ mode: 'recover' }), world.pass({ mode: 'recover' })]);
        return;
      case 'wait':
        world.clock.now += current.minutes * MINUTE;
        return;
      case 'cancel': {
        const cancelling = await world.job(current.job);
        if (cancelling?.state !== 'Pending' && cancelling?.state !== 'Executing') return;
        return world.changeJob({ state: 'Failed', reason: 'cancelled by ann', dueAt: now }, current.job);
      }
      default: {
        const worked = await world.task(current.task, current.job);
        if (worked?.state !== 'Pending') return;
        const { dueAt: _, ...rest } = worked;
        if (current.do === 'complete')
          return world.put('tasks', { ...rest, state: 'Completed', completedAt: now });
        await world.put('tasks', { ...rest, state: 'Failed', reason: 'disk', completedAt: now, dueAt: now });
        const { state } = (await world.job(current.job)) as { state: string };
        if (state === 'Pending' || state === 'Executing') await world.changeJob({ dueAt: now }, current.job);
      }
    }
  }

  type Items = Awaited<ReturnType<CheckerWorld['items']>>;

  /** Section 13 of the contract, at every moment. */
  function holds({ jobs, tasks, segments }: Items, over: Map<bigint, string>): void {
    for (const { jobId, state, dueAt, publishedThroughTaskId } of jobs as {
      jobId: bigint;
      state: string;
      dueAt?: bigint;
      publishedThroughTaskId?: bigint;
    }[]) {
      const targets = segments.filter((item) => item.jobId === jobId).map((item) => String(item.state));
      const ofJob = tasks.filter((item) => item.jobId === jobId);
      const final = over.get(jobId);
      if (final !== undefined) expect(state, `job ${jobId} is over`).toBe(final);
      if (state === 'Completed' || state === 'Failed') over.set(jobId, state);
      else expect(dueAt, `job ${jobId} is ${state}`).toEqual(expect.any(BigInt));
      if (state === 'Pending' || state === 'Executing') expect(targets).not.toContain('Flushed');
      if (state === 'Publishing' || state === 'Completed') {
        for (const item of ofJob) expect(item.state).toBe('Completed');
        expect(targets).not.toContain('Dropped');
      }
      if (state === 'Completed') {
        expect(new Set(targets)).toEqual(new Set(['Flushed']));
        expect(publishedThroughTaskId).toBeUndefined();
      }
      for (const item of segments)
        if (item.state === 'Flushed')
          expect(item).toMatchObject({ isImporting: false, publishedAt: expect.anything() });
    }
  }

  it('ends with every job Completed and all Flushed, or Failed and all Dropped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
        const world = await checkerWorld();
        await world.has(restore());
        const over = new Map<bigint, string>();
        let before = await world.items();
        for (const current of steps) {
          const failedBefore = JOBS.filter((jobId) => over.get(jobId) === 'Failed');
          await take(world, current);
          const after = await world.items();
          holds(after, over);
          // A Failed job flips nothing.
          for (const id of flushed(after))
            if (!flushed(before).has(id)) expect(failedBefore).not.toContain(id / 10_000n);
          before = after;
        }
        // Left to themselves, with time, both get everything to its end.
        for (let round = 0; round < 3; round++) {
          world.clock.now += 10 * HOUR;
          await world.check();
          await world.pass();
        }
        const ended = await world.items();
        holds(ended, over);
        const { segments } = ended;
        for (const jobId of JOBS) {
          const states = new Set(segments.filter((item) => item.jobId === jobId).map(({ state }) => state));
          expect(states).toEqual(new Set([over.get(jobId) === 'Completed' ? 'Flushed' : 'Dropped']));
        }
      }),
      { numRuns: 15 },
    );
  }, 600_000);

  const flushed = ({ segments }: Items): Set<bigint> =>
    new Set(segments.flatMap(({ segmentId, state }) => (state === 'Flushed' ? [segmentId as bigint] : [])));
});
