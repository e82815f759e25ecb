import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { createBuckets } from '../engines/buckets.ts';
import { createObjectStore } from '../functions/aws/object-store.ts';
import type { ObjectStore, StoredObject } from '../functions/worker-s3/object-store.ts';
import { identity } from './support/copying-world.ts';
import { memoryObjectStore } from './support/memory-object-store.ts';

const MIB = 1024 * 1024;

interface Subject {
  readonly store: ObjectStore;
  readonly source: string;
  readonly target: string;
  /** Puts an object of so many bytes, which another `version` makes other ones. */
  put(key: string, size: number, version?: number): Promise<void>;
}

async function embeddedS3() {
  const buckets = await createBuckets({ s3: { ...identity, endpoint: inject('s3Endpoint') } });
  onTestFinished(() => buckets.destroy());
  return {
    ...buckets,
    store: createObjectStore(buckets.s3, new AbortController().signal),
    put: (key: string, size: number, version = 1) => buckets.put(key, Buffer.alloc(size, version)),
  };
}

function inMemory(): Subject {
  const memory = memoryObjectStore();
  return {
    ...memory,
    source: 'source',
    target: 'target',
    put: async (key, size, version = 1) => memory.put({ bucket: 'source', key }, size, `${key} ${version}`),
  };
}

async function look({ store, source: bucket }: Subject, key: string): Promise<StoredObject> {
  const object = await store.look({ bucket, key });
  if (!object) throw new Error(`${key} is not there`);
  return object;
}

describe.each<[string, () => Subject | Promise<Subject>]>([
  ['S3', embeddedS3],
  ['the one in memory', inMemory],
])('an object store: %s', (_, create) => {
  it('shows what there is under a key, and under a prefix in order', async () => {
    const subject = await create();
    await subject.put('a/2', 6);
    await subject.put('a/1', 5);
    await subject.put('b/1', 7);
    expect(await subject.store.look({ bucket: subject.source, key: 'a' })).toBeUndefined();
    const first = await look(subject, 'a/1');
    expect(first).toMatchObject({ bucket: subject.source, key: 'a/1', size: 5 });
    const pages = await Array.fromAsync(subject.store.list(subject.source, 'a/'));
    expect(pages.flat()).toMatchObject([
      { key: 'a/1', size: 5, etag: first.etag },
      { key: 'a/2', size: 6 },
    ]);
    expect((await Array.fromAsync(subject.store.list(subject.source, 'c/'))).flat()).toEqual([]);
  });

  it('creates a copy that tells what it was copied from, and creates it once', async () => {
    const subject = await create();
    await subject.put('a', 5);
    const source = await look(subject, 'a');
    const target = { bucket: subject.target, key: 'b' };
    expect(await subject.store.copy(source, target)).toBe('created');
    expect(await subject.store.look(target)).toMatchObject({ size: 5, copiedFrom: source.etag });
    expect(await subject.store.copy(source, target)).toBe('refused');
  });

  it('copies no source but the one that was looked at', async () => {
    const subject = await create();
    await subject.put('a', 5);
    const source = await look(subject, 'a');
    await subject.put('a', 5, 2);
    const target = { bucket: subject.target, key: 'b' };
    expect(await subject.store.copy(source, target)).toBe('refused');
    const upload = await subject.store.openUpload(source, target);
    expect(await upload.copyPart(1, { first: 0, last: 4 })).toBe('refused');
    await upload.abort();
    expect(await subject.store.look(target)).toBeUndefined();
  });

  it('creates a copy from parts that came in any order, once it is finished, and once', async () => {
    const subject = await create();
    await subject.put('a', 6 * MIB);
    const source = await look(subject, 'a');
    const target = { bucket: subject.target, key: 'b' };
    const copyInTwo = async () => {
      const upload = await subject.store.openUpload(source, target);
      const second = await upload.copyPart(2, { first: 5 * MIB, last: 6 * MIB - 1 });
      const first = await upload.copyPart(1, { first: 0, last: 5 * MIB - 1 });
      if (first === 'refused' || second === 'refused') throw new Error('a part was refused');
      return { upload, finish: () => upload.finish([first, second]) };
    };
    const { finish } = await copyInTwo();
    expect(await subject.store.look(target)).toBeUndefined();
    expect(await finish()).toBe('created');
    expect(await subject.store.look(target)).toMatchObject({ size: 6 * MIB, copiedFrom: source.etag });

    const other = await copyInTwo();
    expect(await other.finish()).toBe('refused');
    await other.upload.abort();
  });
});

describe('S3 as an object store', () => {
  it('lists more than a thousand objects, page by page', async () => {
    const { store, source, put } = await embeddedS3();
    const keys = Array.from({ length: 1_005 }, (_, index) => `a/${10_000 + index}`);
    await pMap(keys, (key) => put(key, 1), { concurrency: 16 });
    const pages = await Array.fromAsync(store.list(source, 'a/'));
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat().map(({ key }) => key)).toEqual(keys);
  });

  it('takes along what an object is, whole and in parts', async () => {
    const subject = await embeddedS3();
    const described = {
      ContentType: 'text/plain',
      CacheControl: 'no-store',
      Metadata: { team: 'search' },
    };
    const Body = Buffer.alloc(6 * MIB, 1);
    await subject.s3.send(new PutObjectCommand({ Bucket: subject.source, Key: 'a', Body, ...described }));
    const source = await look(subject, 'a');
    await subject.store.copy(source, { bucket: subject.target, key: 'whole' });
    const upload = await subject.store.openUpload(source, { bucket: subject.target, key: 'parts' });
    const part = await upload.copyPart(1, { first: 0, last: 6 * MIB - 1 });
    if (part === 'refused') throw new Error('the part was refused');
    await upload.finish([part]);
    for (const Key of ['whole', 'parts'])
      expect(await subject.s3.send(new HeadObjectCommand({ Bucket: subject.target, Key }))).toMatchObject({
        ...described,
        Metadata: { team: 'search', 'copied-from-etag': source.etag },
      });
  });

  it('reads what was looked at, and nothing else', async () => {
    const subject = await embeddedS3();
    await subject.put('a', 5);
    const object = await look(subject, 'a');
    expect(await subject.store.read(object, { first: 1, last: 2 })).toEqual(new Uint8Array([1, 1]));
    await subject.remove('a');
    await expect(subject.store.read(object, { first: 1, last: 2 })).rejects.toMatchObject({
      name: 'SourceChangedError',
    });
  });
});
