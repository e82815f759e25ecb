import { describe, expect, it } from 'vitest';
import { packMappings } from '../functions/copy-segment/mappings.ts';
import { targetKey } from '../functions/worker-s3/milvus-layout.ts';
import { readTransfer } from '../functions/worker-s3/transfer.ts';
import { job, task } from './support/builders.ts';
import {
  copyingWorld,
  pair,
  SOURCE_ROOT,
  sourceKey,
  TARGET_ROOT,
  targetKeyOf,
} from './support/copying-world.ts';

const places = {
  source: { bucket: 'theirs', rootPath: 'snapshots/1' },
  target: { bucket: 'ours', rootPath: 'files' },
};

describe('what a task copies', () => {
  const mappings = [
    { sourceSegmentId: 1_001n, targetSegmentId: 11n, partitionId: 3n },
    { sourceSegmentId: 1_002n, targetSegmentId: 12n, partitionId: -1n },
  ];
  const ofTask = (overrides: Record<string, unknown>) => task({ idMappings: mappings, ...overrides }).item;
  const ofJob = (overrides: Record<string, unknown> = {}) => job({ ...places, ...overrides }).item;

  it.each([
    ['a list', {}],
    ['the compact form', { idMappings: null, mappings: packMappings(mappings) }],
  ])('is read from mappings in %s', (_, overrides) => {
    expect(readTransfer(ofTask(overrides), ofJob())).toEqual({
      ok: true,
      value: {
        from: places.source,
        to: places.target,
        segments: [
          {
            source: { collectionId: 7n, partitionId: 3n, segmentId: 1_001n },
            target: { collectionId: 7n, partitionId: 3n, segmentId: 11n },
          },
          {
            source: { collectionId: 7n, partitionId: -1n, segmentId: 1_002n },
            target: { collectionId: 7n, partitionId: -1n, segmentId: 12n },
          },
        ],
      },
    });
  });

  it('is in another collection, and in other partitions but for all of them, where the items say so', () => {
    const reading = readTransfer(
      ofTask({ sourcePartitions: { '3': 30n }, copyList: 'lists/1' }),
      ofJob({ sourceCollectionId: 100n }),
    );
    expect(reading).toMatchObject({
      value: {
        copyList: 'lists/1',
        segments: [
          { source: { collectionId: 100n, partitionId: 30n }, target: { collectionId: 7n, partitionId: 3n } },
          { source: { collectionId: 100n, partitionId: -1n }, target: { partitionId: -1n } },
        ],
      },
    });
  });

  it.each([
    ['a job without a source', {}, { source: null }, 'job: source: is missing'],
    ['a target without a bucket', {}, { target: { rootPath: 'files' } }, 'job: target.bucket: is missing'],
    ['a list that is no text', { copyList: 1n }, {}, 'task: copyList: must be a string (S)'],
    [
      'a mapping without a source',
      { idMappings: [{ targetSegmentId: 11n, partitionId: 3n }] },
      {},
      'task: idMappings.0.sourceSegmentId: is missing',
    ],
    ['no mappings', { idMappings: null }, {}, 'task: idMappings: is missing'],
  ])('cannot be told from %s', (_, taskOverrides, jobOverrides, reason) => {
    expect(readTransfer(ofTask(taskOverrides), ofJob(jobOverrides))).toEqual({ ok: false, reason });
  });
});

describe('a target key', () => {
  const target = { collectionId: 7n, partitionId: 3n, segmentId: 11n };

  it.each([
    ['insert_log/111/222/333/444/555', 'insert_log/7/3/11/444/555'],
    ['stats_log/111/222/333/444/1', 'stats_log/7/3/11/444/1'],
    ['delta_log/111/-1/333/555', 'delta_log/7/3/11/555'],
    ['bm25_stats/111/222/333/444/555', 'bm25_stats/7/3/11/444/555'],
    ['index_v1/111/222/333/1001/1/scalar', 'index_v1/7/3/11/1001/1/scalar'],
    ['index_files/1001/1/222/333/scalar', 'index_files/1001/1/3/11/scalar'],
    ['text_log/123/1/111/222/333/444/file', 'text_log/123/1/7/3/11/444/file'],
    ['json_key_index_log/123/1/111/222/333/444/file', 'json_key_index_log/123/1/7/3/11/444/file'],
    [
      'json_stats/2/123/1/111/222/333/444/shared_key_index/file',
      'json_stats/2/123/1/7/3/11/444/shared_key_index/file',
    ],
    // Storage V3 keeps its statistics below the segment.
    ['insert_log/111/222/333/_stats/insert_log/1', 'insert_log/7/3/11/_stats/insert_log/1'],
  ])('of %s has the target’s ids in the place of the source’s', (path, expected) => {
    expect(targetKey(`from/here/${path}`, 'from/here', 'to', target)).toBe(`to/${expected}`);
  });

  it.each([
    ['', '', 'insert_log/7/3/11/4'],
    ['', 'to/', 'to/insert_log/7/3/11/4'],
    ['/from/', '/to', 'to/insert_log/7/3/11/4'],
  ])('is below the target’s root: from “%s” to “%s”', (sourceRoot, targetRoot, expected) => {
    const key = sourceRoot === '' ? 'insert_log/1/2/3/4' : 'from/insert_log/1/2/3/4';
    expect(targetKey(key, sourceRoot, targetRoot, target)).toBe(expected);
  });

  it('leaves the source’s root alone, whatever it is called, and what stands before the log type behind', () => {
    expect(targetKey('insert_log/9/8/7/insert_log/1/2/3/4', 'insert_log/9/8/7', 'to', target)).toBe(
      'to/insert_log/7/3/11/4',
    );
    expect(targetKey('from/tenant/insert_log/1/2/3/4', 'from', 'to', target)).toBe('to/insert_log/7/3/11/4');
  });

  it.each([
    'other/insert_log/1/2/3/4',
    'from/manifest.json',
    'from/insert_log/1/2/3',
    'from/constructor/1/2/3/4',
  ])('does not exist for %s', (key) => {
    expect(targetKey(key, 'from', 'to', target)).toBeUndefined();
  });
});

describe('a segment without objects', () => {
  it.each([
    ['that has rows fails the task', { 11: 5 }, 'source segment 1001 has no objects; its rows: 5'],
    ['fails the task if nobody knows', {}, 'source segment 1001 has no objects; its rows: unknown'],
  ])('%s, after what there is of the others', async (_, rows, message) => {
    const world = await copyingWorld();
    await world.put(sourceKey(2n, '101/1'), 'of the other');
    await expect(world.copy({ segments: [pair(1n), pair(2n)], rows })).rejects.toMatchObject({
      name: 'FatalError',
      message,
    });
    expect(await world.targets()).toEqual({ [targetKeyOf(2n, '101/1')]: 'of the other' });
  });

  it('that has no rows is copied as it is', async () => {
    const world = await copyingWorld();
    expect(await world.copy({ rows: { 11: 0 } })).toMatchObject({ kind: 'done', objects: 0, bytes: 0n });
  });

  it('is not told by the empty object that a console leaves for a folder', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, ''), '');
    await expect(world.copy({ rows: { 11: 5 } })).rejects.toThrow('has no objects');
  });

  it('is not taken for another one whose id begins with its own', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(9_001n, '101/1'), 'of segment 10001');
    await expect(
      world.copy({
        segments: [{ ...pair(1n), source: { ...pair(1n).source, segmentId: 1_000n } }],
        rows: { 11: 5 },
      }),
    ).rejects.toThrow('source segment 1000 has no objects');
  });
});

describe('a list of objects', () => {
  const KEY = `${SOURCE_ROOT}/lists/1.ndjson`;
  const lines = (...entries: readonly unknown[]): string =>
    entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const withList = async (list: string | Uint8Array) => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/1'), 'listed');
    await world.put(sourceKey(1n, '101/2'), 'not listed');
    await world.put(KEY, list);
    return world;
  };
  const entry = { segmentId: '1001', source: sourceKey(1n, '101/1'), size: 6 };

  it('names all that is copied, and where to', async () => {
    const world = await withList(`${lines(entry, { ...entry, target: `${TARGET_ROOT}/elsewhere/ü` })}\n`);
    expect(await world.copy({ copyList: KEY })).toMatchObject({ kind: 'done', objects: 2, bytes: 12n });
    expect(await world.targets()).toEqual({
      [targetKeyOf(1n, '101/1')]: 'listed',
      [`${TARGET_ROOT}/elsewhere/ü`]: 'listed',
    });
  });

  it('may end without a line break, and may be longer than what is read at once', async () => {
    const padding = `${' '.repeat(1_023)}\n`.repeat(4 * 1_024);
    const world = await withList(padding + lines(entry).trimEnd());
    expect(await world.copy({ copyList: KEY })).toMatchObject({ objects: 1 });
  });

  it.each([
    ['of another size', { ...entry, size: 7 }, /101\/1 has 6 bytes, 7 were listed/],
    ['of another ETag', { ...entry, etag: '"0123"' }, /101\/1 has changed: its ETag is \w+, 0123 was listed/],
    ['that is missing', { ...entry, source: sourceKey(1n, '101/3') }, /101\/3 is missing/],
    [
      'of a segment that is not the task’s',
      { ...entry, segmentId: '1002' },
      /line 1 of .*: segment 1002 is not/,
    ],
    [
      'of somebody else',
      { ...entry, source: 'other/insert_log/1/2/3/4' },
      /line 1 of .*: source .* is not below/,
    ],
    ['for somebody else', { ...entry, target: 'other/4' }, /line 1 of .*: target other\/4 is not below/],
    [
      'without a place to go',
      { ...entry, source: `${SOURCE_ROOT}/1` },
      /line 1 of .*: source .* has no log type/,
    ],
    ['without a size', { ...entry, size: undefined }, /line 1 of .*: size: /],
    ['with an id that is a number', { ...entry, segmentId: 1001 }, /line 1 of .*: segmentId: /],
    ['with an id that is none', { ...entry, segmentId: '0' }, /line 1 of .*: segmentId: must be an id/],
  ])('with an object %s fails the task', async (_, wrong, message) => {
    const world = await withList(lines(wrong));
    await expect(world.copy({ copyList: KEY })).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringMatching(message),
    });
    expect(await world.targets()).toEqual({});
  });

  it('that is no JSON fails the task, naming the line', async () => {
    const world = await withList(`${lines(entry)}{"segmentId"`);
    await expect(world.copy({ copyList: KEY })).rejects.toThrow(
      /line 2 of the object list .*1.ndjson: SyntaxError/,
    );
  });

  it('that is missing fails the task', async () => {
    const world = await withList('');
    await expect(world.copy({ copyList: `${KEY}.gone` })).rejects.toMatchObject({
      name: 'FatalError',
      message: `the object list ${KEY}.gone is missing`,
    });
  });

  it('that changes while it is read fails the task', async () => {
    const world = await withList(lines(entry));
    const fault = async ({ operation }: { operation: string }) => {
      if (operation === 'GetObject') await world.put(KEY, lines(entry, entry));
      return 'none' as const;
    };
    await expect(world.copy({ copyList: KEY, fault })).rejects.toMatchObject({
      name: 'FatalError',
      message: `the object list ${KEY} changed while it was read`,
    });
  });

  it('that leaves a segment out fails the task', async () => {
    const world = await withList(lines(entry));
    await expect(
      world.copy({ copyList: KEY, segments: [pair(1n), pair(2n)], rows: { 12: 1 } }),
    ).rejects.toThrow('source segment 1002 has no objects; its rows: 1');
  });
});
