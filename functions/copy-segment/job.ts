import * as v from 'valibot';
import {
  type Item,
  id,
  lenient,
  markerAttributes,
  markerEntries,
  oneOf,
  type Read,
  type Reading,
  readItem,
  text,
  whole,
} from './item.ts';

/** Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentJobState`. */
export const JOB_STATES = ['Pending', 'Executing', 'Publishing', 'Completed', 'Failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Where objects are, in S3. */
const location = v.object({ bucket: text, rootPath: text }, 'must be a map (M)');

/** Every attribute of Jobs, by name: docs/tables.md says what each means and who writes it. */
export const jobAttributes = {
  jobId: id,
  state: oneOf(JOB_STATES),
  collectionId: id,
  reason: text,
  createdAt: whole,
  timeoutAt: whole,
  completedAt: whole,
  /** Epoch milliseconds at which every target of this Failed job was settled. */
  segmentsDroppedAt: whole,
  /**
   * Every target of its tasks up to this one is settled: where the next pass resumes the drops of a Failed job.
   * Removed with the settlement.
   */
  droppedThroughTaskId: id,
  /**
   * A Failed job with tasks that cannot be read: every target of its tasks up to this one is settled, except those
   * of `undroppedTaskIds`. Removed with the settlement.
   */
  droppedPastTaskId: id,
  undroppedTaskIds: v.array(v.union([v.bigint(), v.number()]), 'must be a list (L)'),
  /** How often the inspector looked in vain at a Failed job that only unreadable items keep unsettled. */
  dropAttempts: whole,
  totalTasks: whole,
  totalSegments: whole,
  totalRows: whole,
  /** SHA-256 of the canonical mappings, hexadecimal. */
  mappingsDigest: text,
  source: location,
  target: location,
  sourceCollectionId: id,
  snapshotName: text,
  /** Every target of its tasks up to this one is Flushed: where a publication cut short resumes. */
  publishedThroughTaskId: id,
  // Hints, never trusted: no verdict reads them.
  completedTasks: whole,
  completedSegments: whole,
  copiedBytes: whole,
  /** How often the checker has looked in vain since there were news. */
  looks: whole,
  /** Epoch seconds: DynamoDB's TTL. */
  expiresAt: whole,
  ...markerAttributes,
};

/**
 * What a pass needs of a restore. Its state alone decides: whatever else is wrong with a job must not keep
 * half-copied data visible, so any other unreadable attribute counts as absent.
 */
const jobItem = v.object({
  jobId: jobAttributes.jobId,
  state: jobAttributes.state,
  reason: lenient(jobAttributes.reason),
  segmentsDroppedAt: lenient(jobAttributes.segmentsDroppedAt),
  droppedThroughTaskId: lenient(jobAttributes.droppedThroughTaskId),
  droppedPastTaskId: lenient(jobAttributes.droppedPastTaskId),
  undroppedTaskIds: lenient(jobAttributes.undroppedTaskIds),
  dropAttempts: lenient(jobAttributes.dropAttempts),
  completedAt: lenient(jobAttributes.completedAt),
  ...markerEntries,
});

export type Job = Read<v.InferOutput<typeof jobItem>>;

/** A job as a verdict on one of its tasks finds it; `unread`: DynamoDB did not answer for it. */
export type JobLookup =
  | Job
  | 'missing'
  | { readonly unreadable: string; readonly raw: Item }
  | { readonly unread: string };

export const readJob = (item: Item): Reading<Job> => readItem(jobItem, item);

export const isJob = (lookup: JobLookup): lookup is Job => typeof lookup === 'object' && 'jobId' in lookup;

export const isRunning = ({ state }: Pick<Job, 'state'>): boolean =>
  state !== 'Completed' && state !== 'Failed';

/** Whether the targets of a Failed job are still to be dropped. */
export const isUnsettledFailure = (job: Job): boolean =>
  job.state === 'Failed' && job.segmentsDroppedAt === undefined;
