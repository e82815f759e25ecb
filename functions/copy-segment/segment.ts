import * as v from 'valibot';
import { flag, type Item, id, oneOf, text, whole } from './item.ts';
import { isPartitionId } from './mappings.ts';

/** Source: milvus-io/milvus-proto `commonpb.SegmentState`. */
export const SEGMENT_STATES = ['Growing', 'Sealed', 'Flushed', 'Flushing', 'Dropped', 'Importing'] as const;
export type SegmentState = (typeof SEGMENT_STATES)[number];

/** Every attribute of Segments, by name: docs/tables.md says what each means and who writes it. */
export const segmentAttributes = {
  segmentId: id,
  state: oneOf(SEGMENT_STATES),
  collectionId: id,
  partitionId: v.pipe(
    v.bigint(),
    v.check((value: bigint): boolean => isPartitionId(value), 'must be between 1 and 2^63-1, or -1'),
  ),
  isImporting: flag,
  numOfRows: whole,
  /** The copy job that allocated it; absent on segments of older writers. */
  jobId: id,
  sourceSegmentId: id,
  /** The task that copies it. */
  taskId: id,
  droppedAt: whole,
  dropReason: text,
  /** Epoch milliseconds at which the checker made it visible. */
  publishedAt: whole,
};

/** What becomes of a target segment when its task or its job failed. */
export type DropOutcome =
  | 'dropped'
  | 'alreadyDropped'
  | 'missing'
  | 'foreign'
  /** The pass had dropped as many as it may. */
  | 'withheld'
  | 'failed';

/** What a drop is made for. A segment that is published is dropped on behalf of a Failed job only. */
export type DropCause = 'task' | 'job';

/**
 * Why a target is not to be dropped by this job, or `droppable`. Reads the item as it is: whatever else is
 * wrong with a segment, half-copied data must not stay visible. NULL is absent.
 *
 * @param segment the item, strongly consistent, or undefined if there is none
 * @param jobId the job that wants to drop it
 */
export function judgeSegment(
  segment: Item | undefined,
  jobId: bigint,
  cause: DropCause,
): 'droppable' | 'unreadable' | 'published' | Exclude<DropOutcome, 'dropped' | 'withheld' | 'failed'> {
  if (segment === undefined) return 'missing';
  if (segment.state === 'Dropped') return 'alreadyDropped';
  const owner = segment.jobId ?? undefined;
  if (owner !== undefined && owner !== jobId) return typeof owner === 'bigint' ? 'foreign' : 'unreadable';
  return cause === 'task' && (segment.publishedAt ?? undefined) !== undefined ? 'published' : 'droppable';
}

/** A target as it is from its allocation until it is published or dropped: what a first drop expects to find. */
export const asAllocated = (segmentId: bigint, jobId: bigint): Item => ({
  segmentId,
  state: 'Importing' satisfies SegmentState,
  jobId,
});

/** Whether a segment is what a first drop expects: a drop on that condition would succeed. */
export const isAsAllocated = (segment: Item | undefined, jobId: bigint): boolean =>
  segment?.state === 'Importing' && segment.jobId === jobId && segment.publishedAt === undefined;
