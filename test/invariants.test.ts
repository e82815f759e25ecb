import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type Disturbance, embeddedWorld, type Message, type World } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';

/** What a message asks for; sent twice, or with another reason, it asks for the same. */
const wanted = (messages: readonly Message[]): string[] =>
  [
    ...new Set(
      messages.map(({ jobId, taskId, taskVersion, attempt }) =>
        [jobId, taskId, taskVersion, attempt].join('/'),
      ),
    ),
  ].sort();

async function worldOf(records = everySituation()): Promise<World> {
  const world = await embeddedWorld();
  await world.has(records);
  return world;
}

const endOf = async (world: World) => ({
  items: await world.items(),
  wanted: wanted(await world.messages()),
});

/** The process dies at the n-th request: before it leaves, or after it took effect and before its answer. */
const crashAt =
  (n: number, moment: 'before' | 'after'): Disturbance =>
  async ({ number, proceed }) => {
    if (number > n || (number === n && moment === 'before')) throw new Error('crashed');
    const answer = await proceed();
    if (number === n) throw new Error('crashed');
    return answer;
  };

describe('a crash is harmless', () => {
  it.each([
    ['inspect', 'before'],
    ['inspect', 'after'],
    ['recover', 'before'],
    ['recover', 'after'],
  ] as const)(
    '%s: stopped %s any request, one more pass ends as if nothing had happened',
    async (mode, moment) => {
      const undisturbed = await worldOf();
      let requests = 0;
      const counting: Disturbance = ({ number, proceed }) => {
        requests = number;
        return proceed();
      };
      await undisturbed.pass({ mode }, { disturb: counting });
      // Recovery enqueues again what is still in progress: it is the second pass that is one too many, not the crash.
      if (mode === 'recover') await undisturbed.pass();
      const expected = await endOf(undisturbed);
      expect(requests).toBeGreaterThan(15);

      for (let n = 1; n <= requests; n++) {
        const world = await worldOf();
        await world.pass({ mode }, { disturb: crashAt(n, moment) }).catch(() => {});
        await world.pass({ mode });
        const { items, wanted: asked } = await endOf(world);
        if (mode === 'inspect') expect({ items, wanted: asked }, `crashed at request ${n}`).toEqual(expected);
        else expect(withoutCounts(items), `crashed at request ${n}`).toEqual(withoutCounts(expected.items));
      }
    },
  );

  /** Two recoveries in a row remind the scheduler twice, which is what they are for. */
  const withoutCounts = ({ tasks, ...others }: Awaited<ReturnType<World['items']>>) => ({
    ...others,
    tasks: tasks.map(({ enqueueCount, enqueuedAt, dueAt, ...item }) => ({
      ...item,
      isDue: dueAt !== undefined,
    })),
  });
});

describe('overlap is harmless', () => {
  it.each(['inspect', 'recover'] as const)(
    '%s: several passes at once end in the same state as one',
    async (mode) => {
      const alone = await worldOf();
      await alone.pass({ mode });
      const together = await worldOf();
      await Promise.all([1, 2, 3, 4].map(() => together.pass({ mode })));
      const [one, many] = [await endOf(alone), await endOf(together)];
      if (mode === 'inspect') expect(many.items).toEqual(one.items);
      expect(many.items.segments).toEqual(one.items.segments);
      expect(many.items.jobs).toEqual(one.items.jobs);
    },
  );

  it('drops each segment once, with the time of the first drop', async () => {
    const world = await worldOf();
    const reports = await Promise.all([world.pass(), world.pass(), world.pass()]);
    const dropped = reports.reduce((sum, report) => sum + report.segments.dropped, 0);
    const { segments } = await world.items();
    expect(dropped).toBe(segments.filter(({ dropReason }) => dropReason && dropReason !== 'by hand').length);
    world.clock.now += HOUR;
    await world.pass({ mode: 'recover' });
    expect((await world.items()).segments).toEqual(segments);
  });
});

describe('nothing is lost and nothing live is dropped, whatever workers and passes do', () => {
  // A restore under way: workers claim, renew, finish, fail or die; jobs fail; passes overlap and are cut short.
  const TASKS = [1n, 2n, 3n, 4n, 5n, 6n];
  const jobOf = (taskId: bigint): bigint => (taskId <= 3n ? 1n : 2n);
  const step = fc.oneof(
    fc.record({ do: fc.constant('pass' as const), crashAt: fc.option(fc.integer({ min: 1, max: 25 })) }),
    fc.record({ do: fc.constant('passes' as const) }),
    fc.record({ do: fc.constant('recover' as const) }),
    fc.record({ do: fc.constant('claim' as const), task: fc.constantFrom(...TASKS) }),
    fc.record({ do: fc.constant('renew' as const), task: fc.constantFrom(...TASKS) }),
    fc.record({ do: fc.constant('complete' as const), task: fc.constantFrom(...TASKS) }),
    fc.record({ do: fc.constant('fail' as const), task: fc.constantFrom(...TASKS) }),
    fc.record({ do: fc.constant('failJob' as const), job: fc.constantFrom(1n, 2n) }),
    fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 6, 20, 400) }),
  );

  it('in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = await worldOf([
          job({ jobId: 1n }),
          job({ jobId: 2n }),
          ...TASKS.map((taskId) => task({ jobId: jobOf(taskId), taskId, targets: [taskId * 10n] })),
          ...TASKS.map((taskId) => segment(taskId * 10n, 'Importing', { jobId: jobOf(taskId) })),
        ]);
        const hasFailed = new Set<string>();
        const lastVersion = new Map<bigint, bigint>();

        for (const current of steps) {
          await take(world, current, hasFailed);
          await check(world, hasFailed, lastVersion);
        }

        // Left to itself, with time, the inspector gets everything to where nothing is due.
        world.clock.now += 500 * HOUR;
        await world.pass();
        world.clock.now += MINUTE;
        expect((await world.pass()).read).toMatchObject({ dueTasks: 0, dueJobs: 0 });
        await check(world, hasFailed, lastVersion);
        for (const { jobId, taskId, state } of (await world.items()).tasks) {
          const failed = hasFailed.has(`job ${jobId}`) || state === 'Failed';
          if (failed) expect((await world.segment((taskId as bigint) * 10n))?.state).toBe('Dropped');
        }
      }),
      { numRuns: 40 },
    );
  });

  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  async function take(world: World, current: Step, hasFailed: Set<string>): Promise<void> {
    switch (current.do) {
      case 'pass':
        await world
          .pass({}, current.crashAt === null ? {} : { disturb: crashAt(current.crashAt, 'after') })
          .catch(() => {});
        return;
      case 'passes':
        await Promise.all([world.pass(), world.pass()]);
        return;
      case 'recover':
        await world.pass({ mode: 'recover' });
        return;
      case 'wait':
        world.clock.now += current.minutes * MINUTE;
        return;
      case 'failJob': {
        const failing = await world.job(current.job);
        if (failing?.state === 'Failed') return;
        hasFailed.add(`job ${current.job}`);
        return world.put('jobs', { ...failing, state: 'Failed', dueAt: world.clock.now });
      }
      default:
        return work(world, current.do, current.task);
    }
  }

  /** A worker's conditional writes, as docs/writers.md has them. */
  async function work(
    world: World,
    what: 'claim' | 'renew' | 'complete' | 'fail',
    taskId: bigint,
  ): Promise<void> {
    const current = await world.task(taskId, jobOf(taskId));
    const { now } = world.clock;
    const leaseExpiresAt = now + 5 * MINUTE;
    const { dueAt: _, leaseExpiresAt: __, nodeId: ___, ...rest } = current ?? {};
    if (what === 'claim') {
      if (current?.state !== 'Pending') return;
      const taskVersion = (current.taskVersion as bigint) + 1n;
      const claimed = {
        state: 'InProgress',
        nodeId: 'n',
        taskVersion,
        leaseExpiresAt,
        dueAt: leaseExpiresAt,
      };
      return world.put('tasks', { ...rest, ...claimed });
    }
    if (current?.state !== 'InProgress') return;
    if (what === 'renew') return world.put('tasks', { ...current, leaseExpiresAt, dueAt: leaseExpiresAt });
    if (what === 'complete') return world.put('tasks', { ...rest, state: 'Completed' });
    return world.put('tasks', { ...rest, state: 'Failed', reason: 'disk', dueAt: now });
  }

  async function check(
    world: World,
    hasFailed: Set<string>,
    lastVersion: Map<bigint, bigint>,
  ): Promise<void> {
    const { jobs, tasks, segments } = await world.items();
    for (const { jobId, state } of jobs) if (state === 'Failed') hasFailed.add(`job ${jobId}`);
    for (const { taskId, state } of tasks) if (state === 'Failed') hasFailed.add(`task ${taskId}`);

    for (const item of tasks) {
      const taskId = item.taskId as bigint;
      const isRunning = !hasFailed.has(`job ${item.jobId}`);
      const isUnsettled = item.state === 'Failed' && item.segmentsDroppedAt === undefined;
      const isUnfinished = (item.state === 'Pending' || item.state === 'InProgress') && isRunning;
      if (isUnfinished || (isUnsettled && isRunning)) expect(item).toHaveProperty('dueAt');
      expect(item.taskVersion as bigint).toBeGreaterThanOrEqual(lastVersion.get(taskId) ?? 0n);
      lastVersion.set(taskId, item.taskVersion as bigint);
      if (item.segmentsDroppedAt !== undefined) {
        expect(item.state).toBe('Failed');
        expect(item).not.toHaveProperty('dueAt');
      }
    }
    for (const { segmentId, state, isImporting } of segments) {
      if (state !== 'Dropped') continue;
      const taskId = (segmentId as bigint) / 10n;
      expect(hasFailed.has(`task ${taskId}`) || hasFailed.has(`job ${jobOf(taskId)}`)).toBe(true);
      expect(isImporting).toBe(false);
    }
  }
});

describe('a message is sent for what is Pending only, and only of a running job', () => {
  it('whatever else there is', async () => {
    const world = await worldOf();
    await world.pass();
    const sent = (await world.messages()).map(({ taskId }) => Number(taskId));
    expect(sent).toEqual([101, 103, 401]);
    expect(NOW).toBe(world.clock.now);
  });
});
