import type { SubmittedJob } from '../../../functions/copy-segment/submission.ts';
import type { Mapping } from '../../../functions/submit/mapping-source.ts';
import { HOUR, NOW } from '../../support/builders.ts';
import { FOREIGN_JOB, segmentItem } from '../records.ts';
import { BUCKET } from './memory-bucket.ts';
import type { LoopStage } from './stage.ts';

const MIB = 1024 * 1024;

/** A restore that somebody wants. */
export interface RestoreSeed {
  /** Up to 98 make one task. */
  readonly segments: number;
  /** The sizes of the objects of its first and of its last segment; the others have no rows. */
  readonly objects: readonly ('small' | 'large')[];
  /** Another job's segment is where its last target should be. */
  readonly isObstructed: boolean;
  readonly hours: number;
}

export interface Restore extends RestoreSeed {
  readonly jobId: bigint;
}

/** Jobs of real sizes sort as numbers. */
const JOB_IDS = [9n, 10n, 449_999_999_999_999_991n];
export const restoreOf = (seed: RestoreSeed, index: number): Restore => ({
  ...seed,
  jobId: JOB_IDS[index] ?? 1n,
});

const PARTITION = 3n;
const [SOURCE_COLLECTION, COLLECTION] = [6n, 7n];

export const jobOf = ({ jobId, hours }: Restore): SubmittedJob => ({
  jobId,
  collectionId: COLLECTION,
  sourceCollectionId: SOURCE_COLLECTION,
  source: { bucket: BUCKET, rootPath: `snapshots/${jobId}` },
  target: { bucket: BUCKET, rootPath: `live/${jobId}` },
  timeoutAt: NOW + hours * HOUR,
});

const sourceOf = (index: number): bigint => BigInt(1_000_001 + index);
const targetOf = (jobId: bigint, index: number): bigint => (jobId % 1_000n) * 1_000n + BigInt(index + 1);
const bearers = ({ segments }: RestoreSeed): number[] => [...new Set([0, segments - 1])];

export const mappingsOf = (restore: Restore): Mapping[] =>
  Array.from({ length: restore.segments }, (_, index) => ({
    sourceSegmentId: sourceOf(index),
    targetSegmentId: targetOf(restore.jobId, index),
    partitionId: PARTITION,
    numOfRows: bearers(restore).includes(index) && restore.objects.length > 0 ? 10 : 0,
  }));

/** An object of a restore: from where to where. */
export interface RestoredObject {
  readonly source: string;
  readonly target: string;
  readonly size: number;
}

export const objectsOf = (restore: Restore): RestoredObject[] =>
  bearers(restore).flatMap((index) =>
    restore.objects.map((size, file) => {
      const path = (collection: bigint, segmentId: bigint): string =>
        `insert_log/${collection}/${PARTITION}/${segmentId}/100/${file}`;
      return {
        source: `snapshots/${restore.jobId}/${path(SOURCE_COLLECTION, sourceOf(index))}`,
        target: `live/${restore.jobId}/${path(COLLECTION, targetOf(restore.jobId, index))}`,
        size: size === 'small' ? 10 : 2.5 * MIB,
      };
    }),
  );

/** The segment in the way of an obstructed restore. */
export const obstacleOf = ({ jobId, segments }: Restore): bigint => targetOf(jobId, segments - 1);

/** What is there before anybody submits anything. */
export async function prepare(stage: LoopStage, restore: Restore): Promise<void> {
  for (const { source, size } of objectsOf(restore)) await stage.bucket.put(source, size, 'original');
  // Of a restore that has ended and expired: what it published is all that is left of it.
  const published = { state: 'Flushed', isImporting: false };
  if (restore.isObstructed)
    await stage.put('segments', { ...segmentItem(obstacleOf(restore), FOREIGN_JOB), ...published });
}
