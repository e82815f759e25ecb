import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchBucket,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { createObjectStore } from '../functions/aws/object-store.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import type { ObjectEngine } from './start-engines.ts';

const OBJECTS_IN_FLIGHT = 8;

/** A bucket to copy from and one to copy to, with names of their own, wherever S3 is. */
export interface Buckets {
  readonly s3: S3Client;
  readonly source: string;
  readonly target: string;
  /** Writes an object; the bucket is the source unless it is named. */
  put(key: string, body: string | Uint8Array, bucket?: string): Promise<void>;
  remove(key: string, bucket?: string): Promise<void>;
  /** Every object of a bucket with its bytes, in the order of the keys. */
  objects(bucket: string): Promise<Map<string, Buffer>>;
  /** Deletes both buckets and what is in them; fails while a copy in parts is open in one of them. */
  destroy(): Promise<void>;
}

export async function createBuckets(
  { s3: config }: Pick<ObjectEngine, 's3'>,
  { prefix = 'copy-segment' }: { readonly prefix?: string } = {},
): Promise<Buckets> {
  const s3 = createS3Client(config);
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const [source, target] = [`${name}-source`, `${name}-target`];
  const store = createObjectStore(s3, new AbortController().signal);

  const keysOf = async (bucket: string): Promise<string[]> => {
    const pages = await Array.fromAsync(store.list(bucket, ''));
    return pages.flat().map(({ key }) => key);
  };
  const remove = async (Key: string, Bucket = source): Promise<void> => {
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  };
  const removeBucket = async (Bucket: string): Promise<void> => {
    try {
      await pMap(await keysOf(Bucket), (key) => remove(key, Bucket), { concurrency: OBJECTS_IN_FLIGHT });
      await s3.send(new DeleteBucketCommand({ Bucket }));
    } catch (error) {
      if (!(error instanceof NoSuchBucket)) throw error;
    }
  };
  const destroy = async (): Promise<void> => {
    await Promise.all([removeBucket(source), removeBucket(target)]);
    s3.destroy();
  };

  try {
    for (const Bucket of [source, target]) await s3.send(new CreateBucketCommand({ Bucket }));
  } catch (error) {
    await destroy().catch(() => {});
    throw error;
  }

  return {
    s3,
    source,
    target,
    async put(Key, Body, Bucket = source) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    remove,
    async objects(Bucket) {
      const read = async (Key: string): Promise<[string, Buffer]> => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return [Key, Buffer.from((await Body?.transformToByteArray()) ?? [])];
      };
      return new Map(await pMap(await keysOf(Bucket), read, { concurrency: OBJECTS_IN_FLIGHT }));
    },
    destroy,
  };
}
