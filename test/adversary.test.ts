import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readMappings } from '../functions/copy-segment/mappings.ts';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type World } from './support/embedded-world.ts';
import { failStatements, textOf } from './support/fail-statements.ts';

// Histories that an adversary wrote, each of which once lost something, or never ended.

const throttled = (): Error => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
const idsTo = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));
const resuming = ({ fromJobId, fromTaskId, scannedThrough }: PassReport) => ({
  mode: 'recover',
  ...(fromJobId && { fromJobId }),
  ...(fromTaskId && { fromTaskId }),
  ...(scannedThrough && { scannedThrough }),
});
const undropped = async (world: World) =>
  (await world.items()).segments.filter(({ state }) => state !== 'Dropped').map(({ segmentId }) => segmentId);

/** A pass whose time is over after so many calls that are counted. */
function timeFor(calls: number, isCounted: (call: DisturbedCall) => boolean) {
  let made = 0;
  return {
    remainingMs: () => (made >= calls ? 5_000 : 800_000),
    count: (call: DisturbedCall): void => {
      if (isCounted(call)) made++;
    },
  };
}
const readsSegments = (world: World) => (call: DisturbedCall) =>
  call.operation === 'BatchGetItem' && textOf(call.input).includes(world.tables.segments);

describe('a recovery longer than a pass', () => {
  it('gets past a job that cannot be read', async () => {
    const world = await embeddedWorld();
    await world.has(
      idsTo(12).flatMap((jobId) => [
        job({ jobId }),
        ...idsTo(100).map((taskId) => task({ jobId, taskId, dueAt: null })),
      ]),
    );
    let event: Record<string, unknown> = { mode: 'recover' };
    for (let passes = 0; passes < 8; passes++) {
      const time = timeFor(30, ({ operation }) => operation === 'SendMessageBatch');
      const report = await world.pass(event, {
        remainingMs: time.remainingMs,
        disturb: async (call) => {
          time.count(call);
          if (call.operation === 'Query' && textOf(call.input).includes(':jobId":"2"')) throw throttled();
          return call.proceed();
        },
      });
      if (report.complete) break;
      event = resuming(report);
    }
    expect(await world.task(1n, 12n)).toHaveProperty('dueAt');
  });

  it('by a scan that is throttled part-way does what the scan had found', async () => {
    const world = await embeddedWorld();
    await world.has(idsTo(12).flatMap((jobId) => [job({ jobId }), task({ jobId, dueAt: null })]));
    let scans = 0;
    const report = await world.pass(
      { mode: 'recover' },
      {
        disturb: async (call) => {
          if (call.operation === 'Scan') {
            call.input.Limit = 2;
            if (++scans >= 3) throw throttled();
          }
          return call.proceed();
        },
      },
    );
    expect(report.complete).toBe(false);
    expect(report.messages.sent).toBe(4);
    expect((await world.pass(resuming(report))).complete).toBe(true);
    for (const { enqueueCount } of (await world.items()).tasks)
      expect(Number(enqueueCount)).toBeGreaterThan(0);
  });

  it('does not take an empty last page of a scan for the beginning', async () => {
    const world = await embeddedWorld();
    await world.has(idsTo(6).flatMap((jobId) => [job({ jobId }), task({ jobId, dueAt: null })]));
    const places: (string | undefined)[] = [];
    for (let looks = 1; ; looks++) {
      let left = 800_000;
      let looksLeft = looks;
      const report = await world.pass(
        { mode: 'recover', dryRun: true },
        {
          remainingMs: () => (looksLeft-- > 0 ? left : 1_000),
          disturb: async (call) => {
            if (call.operation === 'Scan' && call.input.TableName === world.tables.jobs) {
              call.input.Limit = 2;
              left = 350_000;
            }
            return call.proceed();
          },
        },
      );
      if (report.complete) break;
      places.push(report.scannedThrough);
    }
    const [first] = places.flatMap((place, index) => (place ? [index] : []));
    const scanned = [...new Set(places.slice(first))];
    expect(scanned.length).toBeGreaterThan(2);
    expect(scanned).not.toContain(undefined);
    expect(scanned.at(-1)).toBe('tasks');
  });

  it('takes back the place of a key that is no id', async () => {
    const world = await embeddedWorld();
    const event = { mode: 'recover', scannedThrough: 'jobs/1e-7' };
    await expect(world.pass(event)).resolves.toMatchObject({ complete: true });
  });
});

describe('a Failed job longer than a pass', () => {
  const fail = async (world: World, tasks: ReturnType<typeof task>[] = []): Promise<void> => {
    const ids = idsTo(600);
    await world.has(
      job({ state: 'Failed' }),
      ids.map((taskId) => task({ taskId, state: 'Completed', targets: [taskId + 1_000n] })),
      ids.map((id) => segment(id + 1_000n, 'Flushed')),
    );
    await world.has(tasks);
  };

  it.each<[string, ReturnType<typeof task>[], bigint[]]>([
    ['a task whose key is no id', [task({ taskId: 0n, state: 'Completed', targets: [999n] })], []],
    [
      'a hundred and one tasks that cannot be read',
      idsTo(101).map((taskId) => task({ taskId, state: 'Paused' as 'Failed' })),
      idsTo(101).map((id) => id + 1_000n),
    ],
  ])('gets to its end although it has %s', async (_, tasks, unknowable) => {
    const world = await embeddedWorld();
    await fail(world, tasks);
    for (let passes = 0; passes < 8; passes++) {
      const time = timeFor(3, readsSegments(world));
      await world.pass(
        {},
        {
          remainingMs: time.remainingMs,
          disturb: (call) => {
            time.count(call);
            return call.proceed();
          },
        },
      );
      world.clock.now += MINUTE;
    }
    expect(await undropped(world)).toEqual(unknowable);
    expect(Number((await world.job())?.dueAt)).toBeGreaterThan(world.clock.now);
  });

  it('with a target that cannot be written leaves the jobs after it their turn, and reads little again', async () => {
    const world = await embeddedWorld();
    for (const jobId of [1n, 2n, 3n, 4n]) {
      const ids = idsTo(300).map((id) => jobId * 1_000n + id);
      await world.has(
        job({ jobId, state: 'Failed' }),
        ids.map((taskId) => task({ jobId, taskId, state: 'Completed', targets: [taskId] })),
        ids.map((id) => segment(id, 'Flushed', { jobId })),
      );
    }
    await world.has(
      job({ jobId: 5n, state: 'Failed' }),
      task({ jobId: 5n, state: 'Completed', targets: [9n] }),
      segment(9n, 'Flushed', { jobId: 5n }),
    );
    const refused = (call: DisturbedCall): Promise<unknown> =>
      call.operation === 'BatchExecuteStatement'
        ? failStatements(
            call,
            ({ Statement, Parameters }) =>
              Statement.includes(world.tables.segments) && /"[1-4]001"/.test(textOf(Parameters)),
            { Code: 'AccessDenied', Message: 'not yours' },
          )
        : call.proceed();
    for (let passes = 0; passes < 6; passes++) {
      const time = timeFor(8, readsSegments(world));
      await world.pass(
        {},
        {
          remainingMs: time.remainingMs,
          disturb: async (call) => {
            time.count(call);
            return refused(call);
          },
        },
      );
      world.clock.now += MINUTE;
    }
    expect(await undropped(world)).toEqual([1_001n, 2_001n, 3_001n, 4_001n]);
    expect((await world.pass({}, { disturb: refused })).read).toMatchObject({ tasks: 4, segments: 4 });
    await world.pass();
    expect(await undropped(world)).toEqual([]);
    for (const { state, segmentsDroppedAt } of (await world.items()).jobs)
      expect([state, segmentsDroppedAt === undefined]).toEqual(['Failed', false]);
  });

  it.each(['the answer to its saving its place is lost', 'another pass saves the place and crashes'])(
    'stays findable when %s',
    async (how) => {
      const world = await embeddedWorld();
      await fail(world);
      const { dueAt: _, ...unmarked } = (await world.job()) as { dueAt?: bigint };
      await world.put('jobs', unmarked);
      const savesPlace = (call: DisturbedCall): boolean =>
        call.operation === 'BatchExecuteStatement' &&
        textOf(call.input).includes('SET \\"droppedThroughTaskId');
      let isFirst = true;
      const report = await world.pass(
        { mode: 'recover' },
        {
          disturb: async (call) => {
            if (isFirst && savesPlace(call)) {
              isFirst = false;
              const crash = new AbortController();
              if (how.startsWith('the answer')) await call.proceed();
              else
                await world.pass(
                  { mode: 'recover' },
                  {
                    signal: crash.signal,
                    disturb: async (other) => {
                      const answer = await other.proceed();
                      if (savesPlace(other)) crash.abort();
                      return answer;
                    },
                  },
                );
            }
            return call.proceed();
          },
        },
      );
      expect(report.complete).toBe(false);
      await world.pass();
      expect(await undropped(world)).toEqual([]);
      expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    },
  );
});

describe('a job that does not answer', () => {
  const silent =
    (jobId: bigint) =>
    async (call: DisturbedCall): Promise<unknown> => {
      if (call.operation === 'BatchGetItem' && textOf(call.input).includes(`jobId":"${jobId}"`))
        throw throttled();
      return call.proceed();
    };

  it('and may be missing is neither forgotten nor called done', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ jobId: 404n, taskId: 5n, state: 'Failed', dueAt: null, targets: [11n] }),
      segment(11n, 'Importing', { jobId: 404n }),
    );
    const report = await world.pass({ mode: 'recover' }, { disturb: silent(404n) });
    expect(report.complete).toBe(false);
    await world.pass(resuming(report));
    expect(await undropped(world)).toEqual([]);
  });

  it('keeps no task of it out of reach: a far marker is mended first, a missing one is set', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ taskId: 1n, dueAt: BigInt(NOW) * 1_000_000n }),
      task({ taskId: 2n, dueAt: null }),
    );
    await world.pass({ mode: 'recover' }, { disturb: silent(1n) });
    const { tasks } = await world.items();
    expect(tasks.map(({ dueAt }) => dueAt)).toEqual([BigInt(NOW), BigInt(NOW)]);
  });
});

describe('a recovery that finds', () => {
  it('a late task behind the place of a Failed job drops its targets before the job is settled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', droppedThroughTaskId: 50n, completedAt: NOW - 2 * HOUR }),
      task({ taskId: 10n, state: 'Failed', dueAt: null, targets: [11n], createdAt: NOW }),
      task({ taskId: 60n, targets: [12n], dueAt: null, createdAt: NOW - 3 * HOUR }),
      segment(11n),
      segment(12n),
    );
    await world.pass({ mode: 'recover' });
    expect(await undropped(world)).toEqual([]);
  });

  it('a task of a Failed job that bears a settlement without having failed drops its targets all the same', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ state: 'Completed', segmentsDroppedAt: NOW - HOUR, targets: [11n] }),
      segment(11n, 'Flushed'),
    );
    await world.pass({ mode: 'recover' });
    expect(await undropped(world)).toEqual([]);
  });

  it('a marker in a shard that is a fraction mends it, on an item that cannot be read as well', async () => {
    const world = await embeddedWorld();
    await world.has(job());
    await world.put('tasks', { ...task({ state: 'Paused' as 'Failed' }).item, dueShard: 1.5, dueAt: NOW });
    await world.pass({ mode: 'recover' });
    expect(await world.task()).toMatchObject({ dueShard: 1n, dueAt: BigInt(NOW + 6 * HOUR) });
  });
});

describe('four kilobytes of mappings that unpack to two million lines', () => {
  it('are told in a few words', () => {
    const { targetSegmentIds, unreadable, flaws } = readMappings({
      mappings: gzipSync('a\n'.repeat(2 * 1024 * 1024 - 1)),
    });
    expect(targetSegmentIds).toEqual([]);
    expect(unreadable).toMatch(/and 2097148 more$/);
    expect(`${unreadable}${flaws}`.length).toBeLessThan(600);
  });
});
