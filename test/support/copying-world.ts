import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { inject, onTestFinished } from 'vitest';
import { createBuckets } from '../../engines/buckets.ts';
import { createObjectStore } from '../../functions/aws/object-store.ts';
import { createS3Client } from '../../functions/aws/s3-client.ts';
import { type CopyObjectsOptions, copyObjects } from '../../functions/worker-s3/copy-objects.ts';
import { planCopies } from '../../functions/worker-s3/plan.ts';
import type { SegmentPair, Transfer } from '../../functions/worker-s3/transfer.ts';
import { type Fault, type OpenUpload, type S3Request, s3InBetween, writesByKey } from './s3-in-between.ts';

export const identity = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

/** What S3 itself has eight attempts for, without the waiting. */
export const atOnce = new ConfiguredRetryStrategy(8, () => 1);

/** The root paths of every world. */
export const SOURCE_ROOT = 'snapshots/1';
export const TARGET_ROOT = 'files';

/** Segment 1001 of collection 100 and partition 30, copied to segment 11 of collection 7 and partition 3; and so on. */
export const pair = (n: bigint): SegmentPair => ({
  source: { collectionId: 100n, partitionId: 30n, segmentId: 1_000n + n },
  target: { collectionId: 7n, partitionId: 3n, segmentId: 10n + n },
});

/** The key of a file of source segment `1000 + n`, and the one that it is copied to. */
export const sourceKey = (n: bigint, file: string, type = 'insert_log'): string =>
  `${SOURCE_ROOT}/${type}/100/30/${1_000n + n}/${file}`;
export const targetKeyOf = (n: bigint, file: string, type = 'insert_log'): string =>
  `${TARGET_ROOT}/${type}/7/3/${10n + n}/${file}`;

export interface CopyingOptions extends Partial<CopyObjectsOptions> {
  readonly segments?: readonly SegmentPair[];
  readonly copyList?: string;
  /** Rows of target segments; of others nothing is known. */
  readonly rows?: Readonly<Record<string, number>>;
  readonly fault?: (request: S3Request) => Fault | Promise<Fault>;
  /** The worker's end: nothing is sent any more. */
  readonly signal?: AbortSignal;
}

/** Buckets of its own on the embedded S3, and workers that copy from one to the other through an S3 that may break. */
export async function copyingWorld() {
  const engine = inject('s3Endpoint');
  const buckets = await createBuckets({ s3: { ...identity, endpoint: engine } });
  let writes: Record<string, number> = {};
  const openUploads: OpenUpload[] = [];
  onTestFinished(() => buckets.destroy());

  const world = {
    ...buckets,

    /** What a worker does with S3 for one task. */
    async copy({
      segments = [pair(1n)],
      copyList,
      rows = {},
      fault,
      signal,
      ...options
    }: CopyingOptions = {}) {
      const between = await s3InBetween(engine, fault);
      const s3 = createS3Client({
        ...identity,
        endpoint: between.endpoint,
        retryStrategy: atOnce,
      });
      const store = createObjectStore(s3, signal ?? new AbortController().signal);
      const transfer: Transfer = {
        from: { bucket: buckets.source, rootPath: SOURCE_ROOT },
        to: { bucket: buckets.target, rootPath: TARGET_ROOT },
        segments,
        ...(copyList !== undefined && { copyList }),
      };
      const rowsOf = async (ids: readonly bigint[]) =>
        new Map(
          ids.flatMap((id) => {
            const count = rows[String(id)];
            return count === undefined ? [] : [[id, count] as const];
          }),
        );
      try {
        const run = await copyObjects(store, planCopies(store, transfer, rowsOf), {
          isOver: () => false,
          ...options,
        });
        return { ...run, carried: between.carried };
      } finally {
        await between.close();
        for (const [key, times] of Object.entries(writesByKey(between.carried)))
          writes = { ...writes, [key]: (writes[key] ?? 0) + times };
        openUploads.push(...between.openUploads());
        s3.destroy();
      }
    },

    openUploads: () => openUploads,

    /** What the lifecycle rule of the bucket does with the uploads of the dead. */
    async expireUploads(): Promise<void> {
      for (const { bucket: Bucket, key: Key, uploadId: UploadId } of openUploads.splice(0))
        await buckets.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    },

    /** How often each target was written, over all workers. */
    writes: () => writes,

    /** As if no worker had ever been there. */
    async emptyTarget(): Promise<void> {
      await world.expireUploads();
      for (const key of (await buckets.objects(buckets.target)).keys())
        await buckets.remove(key, buckets.target);
      writes = {};
    },

    /** The objects of the target's bucket, by key, as text. */
    async targets(): Promise<Record<string, string>> {
      const objects = await buckets.objects(buckets.target);
      return Object.fromEntries([...objects].map(([key, bytes]) => [key, bytes.toString()]));
    },
  };
  return world;
}
