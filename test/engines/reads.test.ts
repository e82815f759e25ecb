import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { World } from '../../engines/world.ts';
import { tableDefinitions } from '../../functions/copy-segment/tables.ts';
import { rested } from '../../functions/copy-segment/task-changes.ts';
import { adaptersOn } from '../support/adapters.ts';
import { job, MINUTE, NOW, segment, task } from '../support/builders.ts';
import { describeOnEveryEngine } from '../support/dynamo-engines.ts';
import { asRead } from '../support/every-change.ts';

const SHARDS = [0, 1, 2, 3];
// Five of them are more than the 1 MB that a page holds, two are not.
const LONG = 'x'.repeat(300_000);

const pagesOf = async <T>(pages: AsyncIterable<readonly T[]>): Promise<(readonly T[])[]> =>
  Array.fromAsync(pages);
const allOf = async <T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> => (await pagesOf(pages)).flat();
const taskIdsOf = (sightings: readonly { key: { taskId: unknown } }[]): unknown[] =>
  sightings.map(({ key }) => key.taskId);

describeOnEveryEngine((engine) => {
  let world: World;
  beforeEach(async () => {
    world = await engine.createWorld();
  });
  afterEach(() => world.destroy());

  describe('what is due', () => {
    it('is asked shard by shard, most overdue first, up to now and no further', async () => {
      await world.load([
        task({ taskId: 1n, dueShard: 2, dueAt: NOW }),
        task({ taskId: 2n, dueShard: 2, dueAt: NOW - 2 * MINUTE }),
        task({ taskId: 3n, dueShard: 2, dueAt: NOW - MINUTE - 0.5 }),
        task({ taskId: 4n, dueShard: 2, dueAt: NOW + 1 }),
        task({ taskId: 5n, dueShard: 3, dueAt: 1n }),
        task({ taskId: 6n, dueShard: 2, dueAt: null }),
        task({ taskId: 7n, dueShard: null, dueAt: NOW }),
      ]);
      const { tasks } = adaptersOn(world);
      const found = await Promise.all(
        SHARDS.map(async (shard) => taskIdsOf(await allOf(tasks.due(shard, NOW)))),
      );
      expect(found).toEqual([[], [], [2n, 3n, 1n], [5n]]);
    });

    it('shows of a task what its index projects, and not its mappings', async () => {
      const row = task({ taskId: 4n, targets: [11n], lostLeases: 3, state: 'InProgress', dueAt: NOW });
      await world.load([row]);
      const { partitionKey, sortKey, dueIndex } = tableDefinitions.tasks;
      const shown: string[] = [
        partitionKey,
        sortKey,
        dueIndex.partitionKey,
        dueIndex.sortKey,
        ...dueIndex.nonKeyAttributes,
      ];
      const [sighting] = await allOf(adaptersOn(world).tasks.due(0, NOW));
      expect(sighting?.raw).toEqual(
        asRead(Object.fromEntries(Object.entries(row.item).filter(([name]) => shown.includes(name)))),
      );
    });

    it('is no longer what a change took out of the index', async () => {
      await world.load([task({ taskId: 4n }), task({ taskId: 8n })]);
      const { tasks, write } = adaptersOn(world);
      const [{ reading } = {}] = await allOf(tasks.due(0, NOW));
      if (!reading?.ok) throw new Error('unreadable');
      await write([rested(reading.value)]);
      expect(taskIdsOf(await allOf(tasks.due(0, NOW)))).toEqual([8n]);
    });

    it('comes in pages when it is more than one holds', async () => {
      const ids = [4n, 8n, 12n, 16n, 20n];
      await world.load(
        ids.map((taskId) => task({ taskId, state: LONG as 'Pending', dueAt: Number(taskId) })),
      );
      const pages = await pagesOf(adaptersOn(world).tasks.due(0, NOW));
      expect(taskIdsOf(pages.flat())).toEqual(ids);
      expect(pages.length).toBeGreaterThan(1);
    });

    it('is a job with its state and when it was due', async () => {
      await world.load([job({ jobId: 2n ** 53n + 1n, dueShard: 1, dueAt: NOW - 1 })]);
      expect(await allOf(adaptersOn(world).jobs.due(1, NOW))).toEqual([
        { jobId: 2n ** 53n + 1n, dueAt: NOW - 1, state: 'Executing' },
      ]);
    });
  });

  describe('the tasks of a job', () => {
    it('come in ascending order as numbers, all of them or those after one, and none of another job', async () => {
      const ids = [9n, 10n, 2n ** 53n, 2n ** 53n + 1n, 449_999_999_999_999_991n];
      await world.load([
        ...ids.map((taskId) => task({ jobId: 2n ** 53n + 1n, taskId })).reverse(),
        task({ jobId: 2n ** 53n, taskId: 1n }),
      ]);
      const { tasks } = adaptersOn(world);
      expect(taskIdsOf(await allOf(tasks.ofJob(2n ** 53n + 1n)))).toEqual(ids);
      expect(taskIdsOf(await allOf(tasks.ofJob(2n ** 53n + 1n, 2n ** 53n)))).toEqual(ids.slice(3));
    });

    it('come in pages when they are more than one holds', async () => {
      const ids = [1n, 2n, 3n, 4n, 5n];
      await world.load(ids.map((taskId) => task({ taskId, reason: LONG })));
      const pages = await pagesOf(adaptersOn(world).tasks.ofJob(1n));
      expect(taskIdsOf(pages.flat())).toEqual(ids);
      expect(pages.length).toBeGreaterThan(1);
    });
  });

  describe('items by key', () => {
    it('are found among more keys than a request takes; what is not there is not found', async () => {
      const keys = Array.from({ length: 250 }, (_, index) => ({ jobId: 1n, taskId: BigInt(index + 1) }));
      await world.load(keys.filter(({ taskId }) => taskId % 2n === 0n).map((key) => task(key)));
      const { tasks, meter } = adaptersOn(world);
      const { found, unread } = await tasks.read(keys);
      expect(new Set(taskIdsOf(found))).toEqual(
        new Set(keys.map(({ taskId }) => taskId).filter((taskId) => taskId % 2n === 0n)),
      );
      expect(unread).toEqual([]);
      expect(meter.requests).toEqual({ BatchGetItem: 3 });
    });

    it('are found when they are more than the 16 MB of an answer: what was left out is asked for again', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => ({ jobId: 1n, taskId: BigInt(index + 1) }));
      await world.load(keys.map((key) => task({ ...key, reason: 'x'.repeat(390_000) })));
      const { tasks, meter } = adaptersOn(world);
      const { found, unread } = await tasks.read(keys);
      expect(new Set(taskIdsOf(found)).size).toBe(50);
      expect(unread).toEqual([]);
      expect(meter.requests.BatchGetItem).toBeGreaterThan(1);
    });

    it('tell jobs that are there from those that are missing or unreadable', async () => {
      await world.load([job({ jobId: 1n }), job({ jobId: 2n, state: 'Paused' as 'Failed' })]);
      const found = await adaptersOn(world).jobs.read([1n, 2n, 3n]);
      expect(found.get(1n)).toMatchObject({ jobId: 1n, state: 'Executing' });
      expect(found.get(2n)).toHaveProperty('unreadable');
      expect(found.get(3n)).toBe('missing');
    });

    it('show of a segment what the verdict on a drop needs, NULL as NULL', async () => {
      const id = 2n ** 63n - 1n;
      await world.load([{ table: 'segments', item: { ...segment(id).item, jobId: null, publishedAt: NOW } }]);
      const { found } = await adaptersOn(world).segments.read([id, id - 1n]);
      expect([...found]).toEqual([
        [id, { segmentId: id, state: 'Importing', jobId: null, publishedAt: BigInt(NOW) }],
      ]);
    });
  });

  it('a walk over the keys of a table resumes after any page, and meets each of them', async () => {
    const ids = [9n, 10n, 11n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    await world.load(ids.map((jobId) => job({ jobId, reason: LONG })));
    const { jobs } = adaptersOn(world);
    const pages = await Array.fromAsync(jobs.ids());
    expect(new Set(pages.flatMap(({ jobIds }) => jobIds))).toEqual(new Set(ids));
    expect(pages.length).toBeGreaterThan(1);
    const [first, ...others] = pages;
    const resumed = await Array.fromAsync(jobs.ids(first?.resumeKey));
    expect(resumed).toEqual(others);
  });

  it('a strongly consistent read costs a unit per 4 kB, one of the index half of it', async () => {
    await world.load([task({ taskId: 4n, reason: 'x'.repeat(5_000) }), task({ taskId: 8n })]);
    const unitsOf = async (read: (adapters: ReturnType<typeof adaptersOn>) => Promise<unknown>) => {
      const adapters = adaptersOn(world);
      await read(adapters);
      return adapters.meter.capacity.readUnits;
    };
    const key = { jobId: 1n, taskId: 4n };
    expect(await unitsOf(({ tasks }) => tasks.read([key, { ...key, taskId: 8n }]))).toBe(3);
    expect(await unitsOf(({ tasks }) => allOf(tasks.ofJob(1n)))).toBe(2);
    expect(await unitsOf(({ tasks }) => allOf(tasks.due(0, NOW)))).toBe(0.5);
  });
});
