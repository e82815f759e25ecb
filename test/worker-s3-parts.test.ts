import { describe, expect, it } from 'vitest';
import { copyObjects } from '../functions/worker-s3/copy-objects.ts';
import type { ObjectStore } from '../functions/worker-s3/object-store.ts';
import { MAX_PARTS_PER_OBJECT, partRanges } from '../functions/worker-s3/part-ranges.ts';
import type { PlannedCopy } from '../functions/worker-s3/plan.ts';
import { memoryObjectStore, type StoreCall } from './support/memory-object-store.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;

const source = { bucket: 'source', key: 'large' };
const target = { bucket: 'target', key: 'large' };

const planned = (size: number, name = 'large'): PlannedCopy => ({
  segmentId: 1n,
  source: { bucket: 'source', key: name },
  target: { bucket: 'target', key: name },
  size,
});

async function* these(...copies: PlannedCopy[]): AsyncGenerator<PlannedCopy> {
  yield* copies;
}

const copy = (store: ObjectStore, copies: AsyncIterable<PlannedCopy>, isOver = () => false) =>
  copyObjects(store, copies, { isOver });

const partsIn = (calls: readonly StoreCall[]) => calls.filter((call) => call.kind === 'part');

describe('the parts of an object', () => {
  it.each([
    [64 * MIB, 1],
    [64 * MIB + 1, 2],
    [300 * MIB, 5],
    [625 * GIB, 10_000],
    [625 * GIB + 1, 9_847],
    [5 * TIB, 9_987],
  ])('of %d bytes are %d, equal but for the last, and cover it', (size, count) => {
    const ranges = partRanges(size);
    expect(ranges).toHaveLength(count);
    expect(ranges.length).toBeLessThanOrEqual(MAX_PARTS_PER_OBJECT);
    const sizes = ranges.map(({ first, last }) => last - first + 1);
    expect(new Set(sizes.slice(0, -1)).size).toBeLessThanOrEqual(1);
    expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[0] as number);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBe(size);
    for (const [index, { first }] of ranges.entries())
      expect(first).toBe((ranges[index - 1]?.last ?? -1) + 1);
  });
});

describe('an object of 300 MiB', () => {
  it('is copied in five parts of 64 MiB, several at once, and put together in their order', async () => {
    const memory = memoryObjectStore();
    memory.put(source, 300 * MIB);
    const run = await copy(memory.store, these(planned(300 * MIB)));
    expect(run).toEqual({ kind: 'done', objects: 1, bytes: BigInt(300 * MIB), created: 1 });
    expect(partsIn(memory.calls).map(({ range }) => range)).toEqual(
      expect.arrayContaining([
        { first: 0, last: 64 * MIB - 1 },
        { first: 64 * MIB, last: 128 * MIB - 1 },
        { first: 128 * MIB, last: 192 * MIB - 1 },
        { first: 192 * MIB, last: 256 * MIB - 1 },
        { first: 256 * MIB, last: 300 * MIB - 1 },
      ]),
    );
    expect(memory.mostInFlight()).toBe(5);
    expect(memory.extents(target)).toEqual([{ of: 'source/large', first: 0, last: 300 * MIB - 1 }]);
    expect(memory.openUploads()).toBe(0);
  });

  it.each([
    [256 * MIB, 0],
    [256 * MIB + 1, 5],
  ])('is where parts begin: %d bytes take %d of them', async (size, count) => {
    const memory = memoryObjectStore();
    memory.put(source, size);
    await copy(memory.store, these(planned(size)));
    expect(partsIn(memory.calls)).toHaveLength(count);
    expect(memory.extents(target)).toEqual([{ of: 'source/large', first: 0, last: size - 1 }]);
  });

  it('is left for the next worker when the time is over in the middle of its parts, which are given up', async () => {
    const memory = memoryObjectStore();
    memory.put(source, 4 * GIB);
    const isOver = () => partsIn(memory.calls).length >= 3;
    expect(await copy(memory.store, these(planned(4 * GIB)), isOver)).toMatchObject({
      kind: 'outOfTime',
      objects: 0,
    });
    expect(memory.calls.at(-1)).toEqual({ kind: 'abort', key: 'large' });
    expect(memory.openUploads()).toBe(0);
    expect(memory.extents(target)).toEqual([]);

    expect(await copy(memory.store, these(planned(4 * GIB)))).toMatchObject({ kind: 'done', created: 1 });
    expect(memory.extents(target)).toEqual([{ of: 'source/large', first: 0, last: 4 * GIB - 1 }]);
  });

  it('is not copied in parts if it is there already', async () => {
    const memory = memoryObjectStore();
    memory.put(source, 300 * MIB);
    await copy(memory.store, these(planned(300 * MIB)));
    const before = memory.calls.length;
    expect(await copy(memory.store, these(planned(300 * MIB)))).toMatchObject({ objects: 1, created: 0 });
    expect(memory.calls).toHaveLength(before);
  });

  it('shares what may be in flight with others of its size', async () => {
    const memory = memoryObjectStore();
    const names = Array.from({ length: 20 }, (_, index) => `large-${index}`);
    for (const key of names) memory.put({ bucket: 'source', key }, GIB);
    await copy(memory.store, these(...names.map((name) => planned(GIB, name))));
    expect(partsIn(memory.calls)).toHaveLength(20 * 16);
    // 32 parts, and what 16 objects at once ask besides.
    expect(memory.mostInFlight()).toBeGreaterThan(16);
    expect(memory.mostInFlight()).toBeLessThanOrEqual(48);
    for (const key of names)
      expect(memory.extents({ bucket: 'target', key })).toEqual([
        { of: `source/${key}`, first: 0, last: GIB - 1 },
      ]);
  });
});
