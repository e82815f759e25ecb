import { expect, it } from 'vitest';
import { copyTask } from '../functions/worker-s3/copy-task.ts';
import type { ObjectStore } from '../functions/worker-s3/object-store.ts';
import { job, MINUTE, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { manualTime } from './support/manual-time.ts';
import { memoryObjectStore } from './support/memory-object-store.ts';
import { claimed, workerIn } from './support/worker-in.ts';

const LEASE = 10 * MINUTE;
const MIB = 1024 * 1024;
const place = { bucket: 'objects', rootPath: '' };
const SOURCE = { bucket: 'objects', key: 'insert_log/7/3/1000011/1/1' };

/** A worker with the lease of a task of one object. */
async function copyingOneObject() {
  const world = await embeddedWorld();
  const time = manualTime(world.clock);
  await world.has(
    job({ source: place, target: { ...place, rootPath: 'live' } }),
    task({ targets: [11n] }),
    segment(11n),
  );
  const memory = memoryObjectStore();
  memory.put(SOURCE, 3 * MIB);
  const lease = await claimed(workerIn(world, { time }));
  const copy = (store: ObjectStore, maxSingleBytes: number) =>
    copyTask(lease, {
      storeUntil: () => store,
      rowsOf: async () => new Map(),
      time: { isOver: () => false, signal: new AbortController().signal },
      maxSingleBytes,
      partBytes: MIB,
    });
  return { memory, copy, suspend: () => time.stall(LEASE) };
}

it('a worker that is suspended past its lease, and gets an answer before its timers, creates no object', async () => {
  const { memory, copy, suspend } = await copyingOneObject();
  const answeredLate: ObjectStore = {
    ...memory.store,
    async look(at) {
      const found = await memory.store.look(at);
      suspend();
      return found;
    },
  };
  await expect(copy(answeredLate, 10 * MIB)).rejects.toThrow('the lease ends');
  expect(memory.calls).toEqual([]);
});

it('a worker that is suspended in the midst of the parts of an object does not finish it, and gives the parts up', async () => {
  const { memory, copy, suspend } = await copyingOneObject();
  const answeredLate: ObjectStore = {
    ...memory.store,
    async openUpload(source, target) {
      const upload = await memory.store.openUpload(source, target);
      return {
        ...upload,
        async copyPart(number, range) {
          const part = await upload.copyPart(number, range);
          if (number === 3) suspend();
          return part;
        },
      };
    },
  };
  await expect(copy(answeredLate, MIB)).rejects.toThrow('the lease ends');
  expect(memory.calls.map(({ kind }) => kind)).toEqual(['open', 'part', 'part', 'part', 'abort']);
  expect(memory.openUploads()).toBe(0);
});
