import { randomUUID } from 'node:crypto';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  NoSuchBucket,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { createObjectStore } from '../functions/aws/object-store.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import { describeError } from '../functions/copy-segment/describe-error.ts';
import type { ObjectEngine } from './start-engines.ts';
import { deleteAll, LeftBehindError, NotCreatedError } from './world.ts';

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
  /**
   * Deletes both buckets and what is in them.
   *
   * @throws LeftBehindError if one could not be deleted, as while a copy in parts is open in it
   */
  destroy(): Promise<void>;
}

/** A copy that was under way when its worker was given up may still arrive. */
const MAX_REMOVALS = 3;

/**
 * Creates the buckets; if one of them cannot be created, deletes the other before it throws.
 *
 * @throws NotCreatedError
 */
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
  const empty = async (Bucket: string): Promise<void> => {
    for await (const page of store.list(Bucket, '')) {
      const Objects = page.map(({ key: Key }) => ({ Key }));
      if (Objects.length > 0)
        await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    }
  };
  const removeBucket = async (Bucket: string): Promise<void> => {
    for (let attempt = 1; ; attempt++)
      try {
        await empty(Bucket);
        await s3.send(new DeleteBucketCommand({ Bucket }));
        return;
      } catch (error) {
        if (error instanceof NoSuchBucket) return;
        const isRefilled = error instanceof Error && error.name === 'BucketNotEmpty';
        if (!isRefilled || attempt === MAX_REMOVALS)
          throw new LeftBehindError(`could not be deleted: bucket ${Bucket} (${describeError(error)})`);
      }
  };
  const destroy = async (): Promise<void> => {
    await deleteAll([removeBucket(source), removeBucket(target)]).finally(() => s3.destroy());
  };

  try {
    for (const Bucket of [source, target]) await s3.send(new CreateBucketCommand({ Bucket }));
  } catch (error) {
    const left = await destroy().then(
      () => '',
      ({ message }: LeftBehindError) => `\n${message}`,
    );
    throw new NotCreatedError(`buckets cannot be created: ${describeError(error)}${left}`, { cause: error });
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
    async remove(Key, Bucket = source) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
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
