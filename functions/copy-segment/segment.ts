import type { Item } from './item.ts';

/** Source: milvus-io/milvus-proto `commonpb.SegmentState`. */
export const SEGMENT_STATES = ['Growing', 'Sealed', 'Flushed', 'Flushing', 'Dropped', 'Importing'] as const;
export type SegmentState = (typeof SEGMENT_STATES)[number];

/** What becomes of a target segment when its task or its job has failed. */
export type DropOutcome = 'dropped' | 'alreadyDropped' | 'missing' | 'foreign' | 'failed';

/**
 * Why a target is not to be dropped by this job, or `droppable`. Reads the item as it is: whatever else is
 * wrong with a segment, half-copied data must not stay visible.
 *
 * @param segment the item, strongly consistent, or undefined if there is none
 * @param jobId the job that wants to drop it
 */
export function judgeSegment(
  segment: Item | undefined,
  jobId: bigint,
): 'droppable' | 'unreadable' | Exclude<DropOutcome, 'dropped' | 'failed'> {
  if (segment === undefined) return 'missing';
  if (segment.state === 'Dropped') return 'alreadyDropped';
  // Segments of older writers do not say which job allocated them.
  if (segment.jobId === undefined || segment.jobId === jobId) return 'droppable';
  return typeof segment.jobId === 'bigint' ? 'foreign' : 'unreadable';
}
