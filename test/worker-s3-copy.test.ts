import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { copyingWorld, pair, SOURCE_ROOT, sourceKey, targetKeyOf } from './support/copying-world.ts';
import type { S3Request } from './support/s3-in-between.ts';

const MIB = 1024 * 1024;

/** Small enough for the embedded engine: what is larger than 6 MiB is copied in parts of 5. */
const small = { maxSingleBytes: 6 * MIB, partBytes: 5 * MIB };

describe('copying the objects of a task', () => {
  it('creates every object of its segments below the target’s root, byte by byte the same', async () => {
    const world = await copyingWorld();
    const types = ['insert_log', 'stats_log', 'delta_log', 'bm25_stats', 'index_v1'];
    for (const n of [1n, 2n])
      for (const type of types) await world.put(sourceKey(n, '101/5', type), `${n} ${type}`);
    await world.put(`${SOURCE_ROOT}/insert_log/100/30/1003/101/5`, 'of a segment that is not asked for');

    const run = await world.copy({ segments: [pair(1n), pair(2n)] });
    expect(run).toMatchObject({ kind: 'done', objects: 10, created: 10 });
    expect(run.bytes).toBe(BigInt(2 * types.reduce((sum, type) => sum + type.length + 2, 0)));
    expect(await world.targets()).toEqual(
      Object.fromEntries(
        [1n, 2n].flatMap((n) => types.map((type) => [targetKeyOf(n, '101/5', type), `${n} ${type}`])),
      ),
    );
  });

  it('copies an object that has no bytes, and one whose name is not plain ASCII', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, 'empty'), '');
    await world.put(sourceKey(1n, 'a b+c%2F“ü”?#&=.log'), 'odd');
    await world.copy();
    expect(await world.targets()).toEqual({
      [targetKeyOf(1n, 'empty')]: '',
      [targetKeyOf(1n, 'a b+c%2F“ü”?#&=.log')]: 'odd',
    });
  });

  it('copies what a large object is made of in parts, in their order', async () => {
    const world = await copyingWorld();
    const bytes = randomBytes(13 * MIB);
    await putLarge(world, sourceKey(1n, 'large'), bytes);
    await world.put(sourceKey(1n, 'small'), 'small');
    const { carried } = await world.copy(small);
    const ranges = carried
      .filter(({ operation }) => operation === 'UploadPartCopy')
      .map(({ headers }) => headers['x-amz-copy-source-range'])
      .sort();
    expect(ranges).toEqual([
      `bytes=0-${5 * MIB - 1}`,
      `bytes=${10 * MIB}-${13 * MIB - 1}`,
      `bytes=${5 * MIB}-${10 * MIB - 1}`,
    ]);
    const objects = await world.objects(world.target);
    expect(objects.get(targetKeyOf(1n, 'large'))?.equals(bytes)).toBe(true);
    expect(objects.get(targetKeyOf(1n, 'small'))?.toString()).toBe('small');
  });
});

describe('what is there already', () => {
  it('is skipped if it is equal, whether it was copied whole or in parts', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, 'small'), 'small');
    await putLarge(world, sourceKey(1n, 'large'), randomBytes(7 * MIB));
    await world.copy(small);
    const again = await world.copy(small);
    expect(again).toMatchObject({ kind: 'done', objects: 2, created: 0 });
    expect(again.bytes).toBe(BigInt(7 * MIB + 5));
    expect(world.writes()).toEqual({ [targetKeyOf(1n, 'small')]: 1, [targetKeyOf(1n, 'large')]: 1 });
  });

  it('is skipped if somebody else put the same bytes there', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, 'a'), 'same');
    await world.put(targetKeyOf(1n, 'a'), 'same', world.target);
    expect(await world.copy()).toMatchObject({ objects: 1, created: 0 });
  });

  it.each([
    ['other bytes of the same size', 'eman', /target .*101\/5 has md5 \w+ instead of \w+, and the same size/],
    ['another size', 'names', /target .*101\/5 has 5 bytes instead of 4/],
  ])('fails the task if it has %s, and stays as it is', async (_, there, message) => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/5'), 'name');
    await world.put(targetKeyOf(1n, '101/5'), there, world.target);
    await expect(world.copy()).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringMatching(message),
    });
    expect(await world.targets()).toEqual({ [targetKeyOf(1n, '101/5')]: there });
  });

  it('fails the task if it is in parts, and of another source', async () => {
    const world = await copyingWorld();
    await putLarge(world, sourceKey(1n, 'large'), randomBytes(7 * MIB));
    await putLarge(world, targetKeyOf(1n, 'large'), randomBytes(7 * MIB), world.target);
    await expect(world.copy(small)).rejects.toThrow(/nothing that proves the same bytes/);
    expect(world.writes()).toEqual({});
  });
});

describe('a source that is not what it was', () => {
  it('fails the task if it is gone', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/5'), 'name');
    const fault = once('HeadObject', () => world.remove(sourceKey(1n, '101/5')));
    await expect(world.copy({ fault })).rejects.toMatchObject({
      name: 'FatalError',
      message: `source ${sourceKey(1n, '101/5')} is missing`,
    });
    expect(await world.targets()).toEqual({});
  });

  it('fails the task if it has changed since it was listed', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/5'), 'name');
    const fault = once('HeadObject', () => world.put(sourceKey(1n, '101/5'), 'eman'));
    await expect(world.copy({ fault })).rejects.toThrow(
      /101\/5 has changed: its ETag is \w+, \w+ was listed/,
    );
    expect(await world.targets()).toEqual({});
  });

  it.each([
    ['changes', (world: World) => world.put(sourceKey(1n, '101/5'), 'eman'), /has changed/],
    ['is removed', (world: World) => world.remove(sourceKey(1n, '101/5')), /is missing/],
  ])('fails the task if it %s at the very moment it is copied', async (_, change, message) => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/5'), 'name');
    const fault = once('CopyObject', () => change(world));
    await expect(world.copy({ fault })).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringMatching(message),
    });
    expect(await world.targets()).toEqual({});
  });

  it('fails the task if it changes between two parts, and gives the upload up', async () => {
    const world = await copyingWorld();
    await putLarge(world, sourceKey(1n, 'large'), randomBytes(13 * MIB));
    const fault = once('UploadPartCopy', () =>
      putLarge(world, sourceKey(1n, 'large'), randomBytes(13 * MIB)),
    );
    // An upload that is still open keeps the bucket from being deleted when the test has ended.
    await expect(world.copy({ ...small, fault })).rejects.toThrow(/large has changed/);
    expect(await world.targets()).toEqual({});
  });
});

describe('an S3 that has a bad day', () => {
  it.each([
    'ListObjectsV2',
    'HeadObject',
    'CopyObject',
    'CreateMultipartUpload',
    'UploadPartCopy',
    'CompleteMultipartUpload',
  ])('answers %s with SlowDown five times: the objects are copied all the same', async (operation) => {
    const world = await copyingWorld();
    const bytes = randomBytes(7 * MIB);
    await putLarge(world, sourceKey(1n, 'large'), bytes);
    await world.put(sourceKey(1n, 'small'), 'small');
    let refusals = 0;
    const fault = (request: S3Request) =>
      request.operation === operation && refusals++ < 5
        ? ({ status: 503, code: 'SlowDown' } as const)
        : 'none';
    expect(await world.copy({ ...small, fault })).toMatchObject({ kind: 'done', objects: 2 });
    expect(refusals).toBeGreaterThan(5);
    expect((await world.objects(world.target)).get(targetKeyOf(1n, 'large'))?.equals(bytes)).toBe(true);
    expect(Object.values(world.writes())).toEqual([1, 1]);
  });

  it.each(['CopyObject', 'CompleteMultipartUpload'])(
    'loses the answer to %s: what it did is found, and not done again',
    async (operation) => {
      const world = await copyingWorld();
      await putLarge(world, sourceKey(1n, 'large'), randomBytes(7 * MIB));
      await world.put(sourceKey(1n, 'small'), 'small');
      let number = 0;
      const fault = (request: S3Request) =>
        request.operation === operation && number++ === 0 ? 'dropAnswer' : 'none';
      expect(await world.copy({ ...small, fault })).toMatchObject({ kind: 'done', objects: 2 });
      expect(world.writes()).toEqual({ [targetKeyOf(1n, 'small')]: 1, [targetKeyOf(1n, 'large')]: 1 });
    },
  );

  it('that lasts is no reason to fail the task: the error can be tried again', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, 'small'), 'small');
    const fault = ({ operation }: S3Request) =>
      operation === 'CopyObject' ? ({ status: 503, code: 'SlowDown' } as const) : 'none';
    await expect(world.copy({ fault })).rejects.toMatchObject({ name: 'TemporaryError' });
  });

  it('refuses two writers at once: the error can be tried again', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, 'small'), 'small');
    const fault = ({ operation }: S3Request) =>
      operation === 'CopyObject' ? ({ status: 409, code: 'ConditionalRequestConflict' } as const) : 'none';
    await expect(world.copy({ fault })).rejects.toMatchObject({ name: 'TemporaryError' });
  });

  it('gives up an upload whose parts it does not take', async () => {
    const world = await copyingWorld();
    await putLarge(world, sourceKey(1n, 'large'), randomBytes(13 * MIB));
    const fault = ({ operation, number }: S3Request) =>
      operation === 'UploadPartCopy' && number % 2 === 0
        ? ({ status: 400, code: 'InvalidRequest' } as const)
        : 'none';
    await expect(world.copy({ ...small, fault })).rejects.toThrow('injected');
    expect(await world.targets()).toEqual({});
  });

  it('tells a role that may list its prefix only that what is missing is forbidden', async () => {
    const world = await copyingWorld();
    await world.put(sourceKey(1n, '101/5'), 'name');
    const present = new Set([`${world.source}/${sourceKey(1n, '101/5')}`]);
    const fault = ({ operation, bucket, key }: S3Request) => {
      if (operation === 'CopyObject') present.add(`${bucket}/${key}`);
      return operation === 'HeadObject' && !present.has(`${bucket}/${key}`)
        ? ({ status: 403, code: 'AccessDenied' } as const)
        : 'none';
    };
    expect(await world.copy({ fault })).toMatchObject({ kind: 'done', objects: 1 });
    await putLarge(world, sourceKey(1n, 'large'), randomBytes(7 * MIB));
    present.add(`${world.source}/${sourceKey(1n, 'large')}`);
    const copied = world.copy({
      ...small,
      fault: (request) => {
        if (request.operation === 'CompleteMultipartUpload') present.add(`${request.bucket}/${request.key}`);
        return fault(request);
      },
    });
    expect(await copied).toMatchObject({ kind: 'done', objects: 2 });
  });
});

type World = Awaited<ReturnType<typeof copyingWorld>>;

/** Does something when S3 is asked for this the first time, before it is. */
function once(operation: string, act: () => Promise<unknown>) {
  let number = 0;
  return async (request: S3Request) => {
    if (request.operation === operation && number++ === 0) await act();
    return 'none' as const;
  };
}

/** The engine takes 11 MiB per request: what is larger goes in parts, and its ETag is no MD5 then. */
const putLarge = (world: World, key: string, bytes: Buffer, bucket?: string): Promise<void> =>
  world.putInParts(key, bytes, bucket);
