import { describe, expect, it } from 'vitest';
import { HOUR, job, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';

const ids = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));

describe('the first drop of a target', () => {
  it('reads none that is as it was allocated', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: ids(100) }),
      ids(100).map((id) => segment(id)),
      job({ jobId: 2n, state: 'Failed' }),
      task({ jobId: 2n, taskId: 2n, state: 'Completed', targets: ids(100).map((id) => id + 1_000n) }),
      ids(100).map((id) => segment(id + 1_000n, 'Importing', { jobId: 2n })),
    );
    const report = await world.pass();
    expect(report).toMatchObject({ complete: true, segments: { dropped: 200 }, read: { segments: 0 } });
    const { segments } = await world.items();
    expect(segments.filter(({ state }) => state !== 'Dropped')).toEqual([]);
  });

  it('tells every other target apart, and drops what is to be dropped, whatever it expected', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: [11n, 12n, 13n, 14n, 15n, 16n] }),
      segment(11n),
      segment(12n, 'Growing'),
      segment(13n, 'Importing', { jobId: null }),
      segment(14n, 'Importing', { jobId: 2n }),
      segment(15n, 'Dropped', { droppedAt: NOW - HOUR }),
    );
    const { segments } = await world.pass();
    expect(segments).toEqual({
      dropped: 3,
      alreadyDropped: 1,
      missing: 1,
      foreign: 1,
      failed: 0,
      withheld: 0,
    });
    expect(await world.segment(14n)).toMatchObject({ state: 'Importing' });
    expect(await world.segment(15n)).toMatchObject({ droppedAt: BigInt(NOW - HOUR) });
  });

  it('spares a published one on behalf of a task', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: [11n] }),
      segment(11n, 'Importing', { publishedAt: NOW - HOUR }),
    );
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Importing' });
  });

  it('expects no more in vain than one batch, and reads the others', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: ids(200) }),
      ids(200).map((id) => segment(id, 'Growing')),
    );
    const report = await world.pass();
    expect(report.segments.dropped).toBe(200);
    expect(report.read.segments).toBe(200);
    expect(report.requests.byOperation.BatchExecuteStatement).toBeLessThanOrEqual(200 / 25 + 3);
  });

  it('is a first one once: what was tried before is read, and costs no write', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ state: 'Failed', targets: ids(50), dropAttempts: 1 }),
      ids(50).map((id) => segment(id, 'Dropped', { droppedAt: NOW - HOUR })),
    );
    const report = await world.pass();
    expect(report.segments).toMatchObject({ alreadyDropped: 50 });
    expect(report.read.segments).toBe(50);
    // The settlement alone.
    expect(report.requests.byOperation.BatchExecuteStatement).toBe(1);
  });
});
