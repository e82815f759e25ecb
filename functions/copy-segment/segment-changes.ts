import { asRead, type Change } from './change.ts';
import type { Item } from './item.ts';

/** What a segment's `jobId` must be. */
export type Owner = Exclude<Change<'segments'>['if']['jobId'], undefined>;

/** A segment to drop, on behalf of the job that allocated it. */
export interface DropRequest {
  readonly segmentId: bigint;
  readonly jobId: bigint;
  /** The task whose target it is, for the record. */
  readonly taskId?: bigint;
  readonly dropReason: string;
}

/**
 * `Dropped`, if state, owner and publication are as they were read and judged. `isImporting` is cleared in the same
 * write: with it set, Milvus' segment GC never reclaimed the data (milvus-io/milvus#50271).
 *
 * @param segment the item as it was read, strongly consistent, or as it is expected to be
 */
export const dropped = (
  segment: Item,
  { segmentId, jobId, taskId, dropReason }: DropRequest,
  now: number,
): Change<'segments'> => ({
  table: 'segments',
  key: { segmentId },
  if: asRead(segment, 'state', 'jobId', 'publishedAt'),
  set: { state: 'Dropped', droppedAt: now, isImporting: false, dropReason },
  remove: [],
  action: { what: 'dropped', because: dropReason, jobId, ...(taskId !== undefined && { taskId }) },
});

/**
 * `Flushed`: visible. Only inside a publication, in one transaction with the condition that the job is Publishing.
 *
 * @param owner what its `jobId` must be: the job that publishes it, or, on a segment of older writers, as it was read
 */
export const published = (
  { segmentId, jobId }: Pick<DropRequest, 'segmentId' | 'jobId'>,
  owner: Owner,
  now: number,
): Change<'segments'> => ({
  table: 'segments',
  key: { segmentId },
  if: { state: 'Importing', jobId: owner },
  set: { state: 'Flushed', isImporting: false, publishedAt: now },
  remove: [],
  action: { what: 'published', because: 'its job is Publishing', jobId },
});
