import type { Change } from './change.ts';
import { dueShardOf } from './due-index.ts';
import type { Item } from './item.ts';
import { type IdMapping, packMappings } from './mappings.ts';
import { type Creation, MAX_PARTS, type Part } from './transaction.ts';

/**
 * The items that a submit creates, and how it ends a job that it fills: their attributes and markers are section 3 and
 * 8 of the contract.
 */

/** One restore, as it is submitted. */
export interface SubmittedJob {
  /** The caller's idempotency token: one restore. */
  readonly jobId: bigint;
  /** The collection restored into. */
  readonly collectionId: bigint;
  /** Epoch milliseconds; 24 hours from now unless given. */
  readonly timeoutAt?: number | undefined;
  readonly source?: Location | undefined;
  readonly target?: Location | undefined;
  readonly sourceCollectionId?: bigint | undefined;
  readonly snapshotName?: string | undefined;
}

/** Where objects are, in S3. */
export interface Location {
  readonly bucket: string;
  readonly rootPath: string;
}

export interface SubmittedMapping extends IdMapping {
  readonly numOfRows?: number | undefined;
}

/** What all mappings of a job come to. */
export interface MappingTotals {
  readonly segments: number;
  readonly tasks: number;
  readonly rows: number;
  /** SHA-256 of the canonical mappings, hexadecimal. */
  readonly digest: string;
}

/** A transaction checks the job and creates a task: the rest of its parts are the task's segments. */
export const SEGMENTS_PER_TASK = MAX_PARTS - 2;

/**
 * How long a Completed job is kept, in seconds: a submission that is repeated meanwhile is known as one.
 */
export const COMPLETED_JOB_TTL_S = 30 * 24 * 3_600;

const DEFAULT_TIMEOUT_MS = 24 * 60 * 60_000;

/** The job, `Pending` until its tasks are there; `Completed` if there is nothing to copy. */
export function opened(job: SubmittedJob, totals: MappingTotals, now: number, shards: number): Creation {
  const { jobId, timeoutAt = now + DEFAULT_TIMEOUT_MS, ...described } = job;
  const isEmpty = totals.segments === 0;
  return {
    table: 'jobs',
    key: { jobId },
    item: defined({
      ...described,
      jobId,
      ...(isEmpty
        ? {
            state: 'Completed',
            reason: 'no segments to copy',
            completedAt: now,
            expiresAt: Math.floor(now / 1_000) + COMPLETED_JOB_TTL_S,
          }
        : { state: 'Pending', dueAt: now }),
      createdAt: now,
      timeoutAt,
      totalTasks: totals.tasks,
      totalSegments: totals.segments,
      totalRows: totals.rows,
      mappingsDigest: totals.digest,
      dueShard: dueShardOf(jobId, shards),
    }),
  };
}

/**
 * One task and its targets, all or none, while the job is Pending.
 *
 * @param mappings at most `SEGMENTS_PER_TASK`
 */
export function filled(
  { jobId, collectionId }: SubmittedJob,
  taskId: bigint,
  mappings: readonly SubmittedMapping[],
  now: number,
  shards: number,
): Part[] {
  const task: Creation = {
    table: 'tasks',
    key: { jobId, taskId },
    item: {
      jobId,
      taskId,
      collectionId,
      state: 'Pending',
      mappings: packMappings(mappings),
      taskVersion: 0,
      enqueueCount: 0,
      createdAt: now,
      dueShard: dueShardOf(taskId, shards),
      dueAt: now,
    },
  };
  const segments = mappings.map(
    ({ targetSegmentId: segmentId, sourceSegmentId, partitionId, numOfRows }): Creation => ({
      table: 'segments',
      key: { segmentId },
      item: defined({
        segmentId,
        collectionId,
        partitionId,
        state: 'Importing',
        isImporting: true,
        numOfRows,
        jobId,
        taskId,
        sourceSegmentId,
      }),
    }),
  );
  return [{ check: whilePending(jobId) }, ...[task, ...segments].map((create) => ({ create }))];
}

/** The mapping whose target is created by a part of `filled`. */
export const mappingOfPart = <M>(mappings: readonly M[], index: number): M | undefined => mappings[index - 2];

/** Every task is there. */
export const sealed = ({ jobId }: SubmittedJob, now: number): Change<'jobs'> => ({
  ...whilePending(jobId),
  set: { state: 'Executing', dueAt: now },
  remove: [],
});

/** A job that cannot be filled: the inspector drops the targets it has. */
export const failedToFill = ({ jobId }: SubmittedJob, reason: string, now: number): Change<'jobs'> => ({
  ...whilePending(jobId),
  set: { state: 'Failed', reason, completedAt: now, dueAt: now },
  remove: [],
});

const whilePending = (jobId: bigint) =>
  ({ table: 'jobs', key: { jobId }, if: { state: 'Pending' } }) as const satisfies Partial<Change<'jobs'>>;

const defined = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
