import type { Item } from '../copy-segment/item.ts';
import type { AwsCalls } from './aws-calls.ts';
import { either, is, isMissing, isNot, updateEach, type WriteOutcome } from './conditional-update.ts';
import { readItems } from './read-items.ts';

/** A segment to drop, on behalf of the job that allocated it. */
export interface DropRequest {
  readonly segmentId: bigint;
  readonly jobId: bigint;
  readonly dropReason: string;
}

export interface SegmentReads {
  /** The segments that exist among the ids, strongly consistent, by id. */
  read(segmentIds: readonly bigint[]): Promise<Map<bigint, Item>>;
}

export interface SegmentWrites {
  /**
   * One conditional write a segment: `Dropped`, if it exists, is not yet Dropped, and is this job's or nobody's.
   * `is_importing` is cleared in the same write: with it set, Milvus' segment GC never reclaimed the data
   * (milvus-io/milvus#50271). Segments must differ from each other. Never throws.
   */
  drop(requests: readonly DropRequest[], now: number): Promise<WriteOutcome[]>;
}

export type SegmentStore = SegmentReads & SegmentWrites;

export function createSegmentStore(calls: AwsCalls, table: string): SegmentStore {
  return {
    async read(segmentIds) {
      const items = await readItems(
        calls,
        table,
        segmentIds.map((segmentId) => ({ segmentId })),
      );
      return new Map(items.map((item) => [item.segmentId as bigint, item]));
    },

    drop: (requests, now) =>
      updateEach(
        calls,
        requests.map(({ segmentId, jobId, dropReason }) => ({
          table,
          set: { state: 'Dropped', droppedAt: now, isImporting: false, dropReason },
          where: [
            is('segmentId', segmentId),
            isNot('state', 'Dropped'),
            either(isMissing('jobId'), is('jobId', jobId)),
          ],
        })),
      ),
  };
}
