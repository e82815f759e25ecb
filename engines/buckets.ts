import { randomUUID } from 'node:crypto';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchBucket,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { createObjectStore } from '../functions/aws/object-store.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import type { ObjectEngine } from './start-engines.ts';

const OBJECTS_IN_FLIGHT = 8;

/** S3 takes no smaller part but the last, the emulator no request above 11 MiB. */
const BYTES_PER_PART = 5 * 1024 * 1024;

/** A bucket to copy from and one to copy to, with names of their own, wherever S3 is. */
export interface Buckets {
  readonly s3: S3Client;
  readonly source: string;
  readonly target: string;
  /** Writes an object; the bucket is the source unless it is named. */
  put(key: string, body: string | Uint8Array, bucket?: string): Promise<void>;
  /** As `put`, in parts: what is too large for one request of the emulator, and has an ETag that is no MD5. */
  putInParts(key: string, body: Uint8Array, bucket?: string): Promise<void>;
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
      // Without the length the SDK takes no bytes for a stream, and warns.
      const ContentLength = Buffer.byteLength(Body);
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength }));
    },
    async putInParts(Key, body, Bucket = source) {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const Parts: CompletedPart[] = [];
      for (let first = 0; first < body.length; first += BYTES_PER_PART) {
        const at = { Bucket, Key, UploadId, PartNumber: Parts.length + 1 };
        const { ETag } = await s3.send(
          new UploadPartCommand({ ...at, Body: body.subarray(first, first + BYTES_PER_PART) }),
        );
        Parts.push({ PartNumber: at.PartNumber, ETag });
      }
      const upload = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
      await s3.send(new CompleteMultipartUploadCommand(upload));
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
