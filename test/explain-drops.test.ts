import { describe, expect, it } from 'vitest';
import { HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { done, submitted } from './support/checker-world.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { execute, explain } from './support/explained.ts';

/** Five targets, of which a pass drops as many as it may. */
const FIVE = [11n, 12n, 13n, 14n, 15n];

describe('explain of drops that a pass withheld', () => {
  it.each([
    ['the job', '1'],
    ['one of its tasks', '1/1'],
    ['one of its targets', 'segment/15'],
  ])('a Failed job, asked for %s: says so, and lets them through', async (_, what) => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', reason: 'timeout', completedAt: NOW - MINUTE }),
      done(1n, FIVE),
      FIVE.map((id) => segment(id)),
    );
    await world.pass({ maxDrops: 2 });
    const found = await explain(world, what);
    expect(found).toMatchObject({ kind: 'withheld', level: 'late', code: 1 });
    expect(found.headline).toContain('withheld until 2026-11-22T12:30:50Z');
    await execute(world, found);
    expect(await Promise.all(FIVE.map((id) => world.segment(id)))).toMatchObject(
      FIVE.map(() => ({ state: 'Dropped' })),
    );
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it.each(['1', '1/1', 'segment/15'])('a Failed task of a running job, asked for %s', async (what) => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', completedAt: NOW - MINUTE, targets: FIVE }),
      task({ taskId: 2n, ...leased, targets: [16n] }),
    );
    await world.has([...FIVE, 16n].map((id) => segment(id, 'Importing', { taskId: id < 16n ? 1n : 2n })));
    await world.pass({ maxDrops: 2 });
    const found = await explain(world, what);
    // The job fails with its task: that is said of it first.
    if (what === '1') expect(found).toMatchObject({ kind: 'checkPostponed', code: 1 });
    else {
      expect(found).toMatchObject({ kind: 'withheld', level: 'late', code: 1 });
      await execute(world, found);
      expect(await world.segment(15n)).toMatchObject({ state: 'Dropped' });
      expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled', code: 0 });
    }
  });

  it('comes after what cannot be read: that is mended first', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', dropAttempts: 1n, completedAt: NOW - HOUR }),
      done(1n, [11n], { idMappings: [{ targetSegmentId: 'abc' }, { targetSegmentId: 11n }] }),
      done(2n, FIVE.slice(1)),
      FIVE.map((id) => segment(id)),
    );
    await world.pass({ maxDrops: 2 });
    const { headline } = await explain(world, '1');
    expect(headline).toContain('task 1/1: idMappings.0.targetSegmentId');
  });

  it('is not said of a job that somebody failed without making it due', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', completedAt: NOW - MINUTE, dueAt: NOW + 10 * MINUTE }),
      done(1n, [11n]),
      segment(11n),
    );
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'markerTooFar', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it('is not said of a task that somebody failed without making it due', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', completedAt: NOW - MINUTE, dueAt: NOW + 9 * MINUTE, targets: [11n] }),
      segment(11n),
    );
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'markerTooFar', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });
});

describe('explain of a Failed job that one task keeps unsettled', () => {
  const UNREADABLE = [{ targetSegmentId: 'abc' }, { targetSegmentId: 12n }];

  const unsettled = async () => {
    const world = await embeddedWorld();
    const old = { createdAt: NOW - 2 * HOUR };
    await world.has(
      job({ jobId: 1n, state: 'Failed', reason: 'timeout', completedAt: NOW - MINUTE }),
      task({ taskId: 1n, state: 'Failed', targets: [11n], dueAt: null, ...old }),
      // Created at the last moment, as far as clocks tell.
      task({ taskId: 2n, state: 'Failed', dueAt: null, idMappings: UNREADABLE, createdAt: NOW - MINUTE }),
      task({ taskId: 3n, state: 'Failed', targets: [13n], dueAt: null, ...old }),
      [11n, 12n, 13n].map((id) => segment(id, 'Importing', { taskId: id - 10n })),
    );
    await world.pass();
    expect(await world.job()).toMatchObject({ undroppedTaskIds: [2n], dropAttempts: 1n });
    return world;
  };

  it.each(['1', '1/2'])('names the task and the reason, asked for %s', async (what) => {
    const world = await unsettled();
    const found = await explain(world, what);
    expect(found).toMatchObject({ level: 'stuck', code: 1 });
    expect(found.headline).toContain('idMappings.0.targetSegmentId');
    expect(found.remedy.first).toContain('Mend task 1/2');
    expect(found.lines.find(([title]) => title === 'of these')?.[1] ?? '1 undropped').toContain(
      '1 undropped',
    );

    const mended = { ...(await world.task(2n)), idMappings: [{ targetSegmentId: 12n }] };
    await world.put('tasks', mended);
    await execute(world, found);
    expect(await world.segment(12n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it('says the same as long as nothing was mended, and not that a marker is missing', async () => {
    const world = await unsettled();
    await execute(world, await explain(world, '1'));
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'dropPostponed', level: 'stuck', code: 1 });
    expect(found.headline).toContain('after 2 attempts: task 1/2: idMappings.0');
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it('names the segment whose owner cannot be read', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', completedAt: NOW - MINUTE }),
      done(1n, [11n, 12n]),
      segment(11n),
      segment(12n, 'Importing', { jobId: 'one' as unknown as bigint }),
    );
    await world.pass();
    const found = await explain(world, '1');
    expect(found).toMatchObject({ level: 'stuck', code: 1 });
    expect(found.headline).toContain('the jobId of segment 12 is no number');
    await world.put('segments', { ...(await world.segment(12n)), jobId: 1n });
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });
});

describe('explain of a Failed task that cannot be dropped', () => {
  it('names what is to be mended; then its targets are dropped', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', idMappings: [{ targetSegmentId: 'abc' }, { targetSegmentId: 12n }] }),
      segment(12n),
    );
    await world.pass();
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'dropPostponed', level: 'stuck', code: 1 });
    expect(found.remedy.first).toContain('idMappings.0.targetSegmentId');
    await world.put('tasks', { ...(await world.task()), idMappings: [{ targetSegmentId: 12n }] });
    await execute(world, found);
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled', code: 0 });
  });
});

describe('explain of what is settled, and visible still', () => {
  it.each(['1', '1/1', 'segment/11'])('has it dropped, asked for %s', async (what) => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed', segmentsDroppedAt: NOW - HOUR, completedAt: NOW - HOUR }),
      done(1n, [11n]),
      segment(11n, 'Flushed', { taskId: 1n, isImporting: false, publishedAt: NOW - 2 * HOUR }),
    );
    const found = await explain(world, what);
    expect(found).toMatchObject({ kind: 'leftVisible', level: 'stuck', code: 1 });
    expect(found.headline).toContain('Flushed');
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, what)).toMatchObject({ code: 0 });
  });
});

describe('explain of a job that fails with its next check', () => {
  const doomed = (overrides = {}) => [
    submitted(2, 2, overrides),
    task({ taskId: 1n, state: 'Failed', reason: 'boom', segmentsDroppedAt: NOW - HOUR, targets: [11n] }),
    task({ taskId: 2n, state: 'InProgress', leaseExpiresAt: NOW - HOUR, targets: [12n] }),
    segment(11n, 'Dropped', { taskId: 1n, isImporting: false }),
    segment(12n, 'Importing', { taskId: 2n }),
  ];

  it.each([
    ['1', 'toCheck'],
    ['1/2', 'doomed'],
    ['segment/12', 'doomed'],
  ])('is told to be checked, not to copy on: %s', async (what, kind) => {
    const world = await embeddedWorld();
    await world.has(doomed());
    const found = await explain(world, what);
    expect(found).toMatchObject({ kind, level: 'late', code: 1 });
    expect(found.headline).toContain('1/2 tasks failed: boom');
    await execute(world, found);
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: '1/2 tasks failed: boom' });
    expect(await world.messages()).toEqual([]);
    expect(await explain(world, '1')).toMatchObject({ kind: 'dropping' });
  });

  it.each(['1', '1/2'])('that nobody made due waits for its check, or is cancelled: %s', async (what) => {
    const world = await embeddedWorld();
    await world.has(doomed({ dueAt: NOW + 5 * MINUTE }));
    const found = await explain(world, what);
    expect(found).toMatchObject({ level: 'late', code: 1 });
    expect(found.headline).toContain('1/2 tasks failed: boom');
    await execute(world, found);
    expect(await world.job()).toMatchObject({ state: 'Failed' });
  });

  it('whose checker knows no markers is cancelled, rather than copied on', async () => {
    const world = await embeddedWorld();
    await world.has(doomed({ dueAt: null, totalTasks: null, totalSegments: null }));
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'checkPostponed', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.job()).toMatchObject({ state: 'Failed' });
    expect(await explain(world, '1')).toMatchObject({ kind: 'dropping' });
  });
});
