import { asRead, type Change } from './change.ts';
import type { Item } from './item.ts';

/** A segment to drop, on behalf of the job that allocated it. */
export interface DropRequest {
  readonly segmentId: bigint;
  readonly jobId: bigint;
  readonly dropReason: string;
}

/**
 * `Dropped`, if state, owner and publication are as they were read and judged. `isImporting` is cleared in the same
 * write: with it set, Milvus' segment GC never reclaimed the data (milvus-io/milvus#50271).
 *
 * @param segment the item as it was read, strongly consistent
 */
export const dropped = (
  segment: Item,
  { segmentId, dropReason }: DropRequest,
  now: number,
): Change<'segments'> => ({
  table: 'segments',
  key: { segmentId },
  if: asRead(segment, 'state', 'jobId', 'publishedAt'),
  set: { state: 'Dropped', droppedAt: now, isImporting: false, dropReason },
  remove: [],
});
