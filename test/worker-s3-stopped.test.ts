import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { copyingWorld, sourceKey, targetKeyOf } from './support/copying-world.ts';
import type { Fault, S3Request } from './support/s3-in-between.ts';

const MIB = 1024 * 1024;
const small = { maxSingleBytes: 6 * MIB, partBytes: 5 * MIB };

const LARGE = randomBytes(7 * MIB);

/** Two objects that are copied whole, and one in two parts. */
async function worldToCopy() {
  const world = await copyingWorld();
  await world.put(sourceKey(1n, '101/1'), 'first');
  await world.put(sourceKey(1n, '101/2', 'stats_log'), 'second');
  await world.putInParts(sourceKey(1n, '101/3', 'index_v1'), LARGE);
  return world;
}

const WRITTEN_ONCE = {
  [targetKeyOf(1n, '101/1')]: 1,
  [targetKeyOf(1n, '101/2', 'stats_log')]: 1,
  [targetKeyOf(1n, '101/3', 'index_v1')]: 1,
};

type World = Awaited<ReturnType<typeof copyingWorld>>;

async function expectEqualObjects(world: World): Promise<void> {
  const objects = await world.objects(world.target);
  expect([...objects.keys()].sort()).toEqual(Object.keys(WRITTEN_ONCE).sort());
  expect(objects.get(targetKeyOf(1n, '101/1'))?.toString()).toBe('first');
  expect(objects.get(targetKeyOf(1n, '101/2', 'stats_log'))?.toString()).toBe('second');
  expect(objects.get(targetKeyOf(1n, '101/3', 'index_v1'))?.equals(LARGE)).toBe(true);
}

/** A worker that dies at its n-th request; false if it was done before. */
async function diesAt(world: World, n: number, moment: 'before' | 'after'): Promise<boolean> {
  const death = new AbortController();
  const fault = ({ number }: S3Request): Fault => {
    if (number < n) return 'none';
    // The dead send nothing; what they sent before takes its course.
    queueMicrotask(() => death.abort(new Error('the worker died')));
    return number === n && moment === 'after' ? 'dropAnswer' : 'drop';
  };
  try {
    await world.copy({ ...small, fault, signal: death.signal });
    return death.signal.aborted;
  } catch {
    return true;
  }
}

describe.each(['before', 'after'] as const)('a worker that dies', (moment) => {
  it(`${moment} any of its requests leaves what its successor finishes, each object written once`, async () => {
    const world = await worldToCopy();
    const { carried } = await world.copy(small);
    expect(carried.length).toBeGreaterThan(15);
    for (let n = 1; n <= carried.length; n++) {
      await world.emptyTarget();
      expect(await diesAt(world, n, moment)).toBe(true);
      const run = await world.copy(small);
      expect(run).toMatchObject({ kind: 'done', objects: 3, bytes: BigInt(7 * MIB + 11) });
      expect(world.writes()).toEqual(WRITTEN_ONCE);
      await expectEqualObjects(world);
    }
    await world.expireUploads();
  }, 300_000);
});

describe('two workers at once', () => {
  it('write each object once, and both find all of them there', async () => {
    const world = await worldToCopy();
    const runs = await Promise.all([world.copy(small), world.copy(small)]);
    for (const run of runs) expect(run).toMatchObject({ kind: 'done', objects: 3 });
    expect(runs.reduce((sum, { created }) => sum + created, 0)).toBe(3);
    expect(world.writes()).toEqual(WRITTEN_ONCE);
    expect(world.openUploads()).toEqual([]);
    await expectEqualObjects(world);
  });
});

describe('a worker whose time is over', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'after request %i starts nothing more, and leaves no upload open',
    async (last) => {
      const world = await worldToCopy();
      let requests = 0;
      const fault = (): Fault => {
        requests++;
        return 'none';
      };
      const first = await world.copy({ ...small, fault, isOver: () => requests >= last });
      expect(first.kind).toBe('outOfTime');
      expect(world.openUploads()).toEqual([]);
      expect(await world.copy(small)).toMatchObject({ kind: 'done', objects: 3 });
      expect(world.writes()).toEqual(WRITTEN_ONCE);
      await expectEqualObjects(world);
    },
  );

  it('in the middle of its parts gives them up', async () => {
    const world = await worldToCopy();
    let parts = 0;
    const fault = ({ operation }: S3Request): Fault => {
      if (operation === 'CreateMultipartUpload') parts++;
      return 'none';
    };
    const first = await world.copy({ ...small, fault, isOver: () => parts > 0 });
    expect(first).toMatchObject({ kind: 'outOfTime', objects: 2 });
    expect(first.carried.at(-1)?.operation).toBe('AbortMultipartUpload');
    expect(world.openUploads()).toEqual([]);
  });

  it('gives its uploads up also when its requests are cut off', async () => {
    const world = await worldToCopy();
    const cutOff = new AbortController();
    const fault = async ({ operation }: S3Request): Promise<Fault> => {
      if (operation === 'UploadPartCopy') cutOff.abort();
      return 'none';
    };
    const options = { ...small, fault, signal: cutOff.signal, isOver: () => cutOff.signal.aborted };
    expect(await world.copy(options)).toMatchObject({ kind: 'outOfTime', objects: 2 });
    expect(world.openUploads()).toEqual([]);
    expect(Object.keys(await world.targets())).toHaveLength(2);
  });
});
