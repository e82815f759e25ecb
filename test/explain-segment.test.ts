import { describe, expect, it } from 'vitest';
import { HOUR, job, leased, MINUTE, NOW, type Row, segment, task } from './support/builders.ts';
import { copied, done, submitted } from './support/checker-world.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { execute, explain } from './support/explained.ts';

const worldOf = async (...rows: readonly Row[]) => {
  const world = await embeddedWorld();
  await world.has(...rows);
  return world;
};
const live = { taskId: 1n, isImporting: false, publishedAt: NOW - HOUR };

describe('explain segment/ID', () => {
  it('is that of its task until that is done, and of its job from then on', async () => {
    const world = await worldOf(
      submitted(2, 2, { dueAt: NOW + HOUR }),
      done(1n, [11n]),
      task({ taskId: 2n, ...leased, targets: [12n] }),
      segment(11n, 'Importing', { taskId: 1n }),
      segment(12n, 'Importing', { taskId: 2n }),
    );
    const found = await explain(world, 'segment/12');
    expect(found).toMatchObject({ kind: 'leaseRunning', code: 0 });
    expect(found.lines[0]).toEqual(['segment', 'Importing, importing; of job 1, task 2']);
    expect(await explain(world, 'segment/11')).toMatchObject({ kind: 'waitingForTasks', code: 0 });
    expect(await explain(world, 'segment/13')).toMatchObject({ kind: 'missing', code: 1 });
  });

  it('finds the task of a segment that bears none', async () => {
    const world = await worldOf(job(), task({ taskId: 4n, ...leased, targets: [12n] }), segment(12n));
    expect((await explain(world, 'segment/12')).headline).toContain('Importing: the lease is running');
  });

  it('does not guess whose a segment without a jobId is', async () => {
    const world = await worldOf(job(), task({ targets: [11n] }), segment(11n, 'Importing', { jobId: null }));
    const found = await explain(world, 'segment/11');
    expect(found).toMatchObject({ kind: 'unowned', code: 1 });
    expect(found.notRead).toEqual(['Tasks, for one that names it as a target: the segment bears no jobId']);
  });

  it('is final for what is published under a Completed job, or dropped under a Failed one', async () => {
    const world = await worldOf(
      job({ state: 'Completed' }),
      done(1n, [11n]),
      segment(11n, 'Flushed', live),
      job({ jobId: 2n, state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
      done(1n, [21n], { jobId: 2n }),
      segment(21n, 'Dropped', { jobId: 2n, taskId: 1n, isImporting: false }),
      segment(31n, 'Flushed', { ...live, jobId: 3n }),
    );
    for (const id of [11, 21, 31]) {
      const { level, remedy } = await explain(world, `segment/${id}`);
      expect({ level, why: remedy.why }).toEqual({ level: 'fine', why: 'This is final.' });
    }
  });

  it('of one that is Dropped and importing still ends the import', async () => {
    const world = await worldOf(
      job({ state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
      done(1n, [11n]),
      segment(11n, 'Dropped', { taskId: 1n }),
    );
    const found = await explain(world, 'segment/11');
    expect(found).toMatchObject({ kind: 'importing', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped', isImporting: false });
    expect(await explain(world, 'segment/11')).toMatchObject({ kind: 'Dropped', code: 0 });
  });

  it.each([
    ['its task 1/77 does not exist', [submitted(1, 1, { dueAt: NOW + HOUR }), done(1n, [12n])]],
    ['its task 1/77 does not name it as a target', [job(), done(77n, [12n])]],
    ['its job 1 does not exist, nor does a task that names it', []],
  ])('names what is missing, and drops what no pass drops: %s', async (missing, rows) => {
    const world = await worldOf(...rows, segment(11n, 'Importing', { taskId: 77n }));
    const found = await explain(world, 'segment/11');
    expect(found).toMatchObject({ kind: 'orphan', level: 'stuck', code: 1 });
    expect(found.headline).toContain(missing);
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({
      state: 'Dropped',
      isImporting: false,
      droppedAt: BigInt(NOW),
      dropReason: 'no task names it as a target',
    });
    expect(await explain(world, 'segment/11')).toMatchObject({ kind: 'Dropped', code: 0 });
  });

  it('drops nothing by hand that has changed since it was explained', async () => {
    const world = await worldOf(segment(11n, 'Importing', { taskId: 77n }));
    const found = await explain(world, 'segment/11');
    await world.put('segments', { ...(await world.segment(11n)), state: 'Flushed' });
    await expect(execute(world, found)).rejects.toThrow('conditional');
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
  });

  it('of one that was published before its job was Publishing gives the job up', async () => {
    const world = await worldOf(
      submitted(1, 1, { dueAt: NOW + HOUR }),
      task({ ...leased, targets: [11n] }),
      segment(11n, 'Flushed', live),
    );
    const found = await explain(world, 'segment/11');
    expect(found).toMatchObject({ kind: 'publishedEarly', level: 'stuck', code: 1 });
    await execute(world, found);
    await world.pass();
    expect(await explain(world, 'segment/11')).toMatchObject({ kind: 'Dropped', code: 0 });
  });

  it('of one that is not visible under a Completed job says that the restore is not whole', async () => {
    const world = await worldOf(
      job({ state: 'Completed' }),
      done(1n, [11n]),
      segment(11n, 'Importing', { taskId: 1n }),
    );
    expect(await explain(world, 'segment/11')).toMatchObject({ kind: 'hole', level: 'stuck', code: 1 });
  });
});

describe('explain of a job that cannot be published any more', () => {
  it.each(['1', 'segment/3'])('names the target; the check fails the job: %s', async (what) => {
    const world = await worldOf(...copied(2, 2).map((row) => ({ ...row })));
    await world.put('jobs', { ...(await world.job()), state: 'Publishing', publishedThroughTaskId: 1n });
    await world.put('segments', { ...(await world.segment(3n)), taskId: 2n });
    await world.put('segments', { ...(await world.segment(4n)), state: 'Dropped', isImporting: false });
    const found = await explain(world, what);
    expect(found).toMatchObject({ kind: 'targetLost', level: 'stuck', code: 1 });
    expect(found.headline).toContain('task 1/2: target 4 is Dropped: the job cannot be published');
    await execute(world, found);
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'target 4 is Dropped' });
    world.clock.now += MINUTE;
    await world.pass();
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });
});
