import type { SegmentStore } from '../stores.ts';
import type { AwsCalls } from './calls.ts';
import { readItems } from './read-items.ts';
import { either, is, isMissing, isNot, updateEach } from './update-each.ts';

export function createSegmentStore(calls: AwsCalls, table: string): SegmentStore {
  return {
    async read(segmentIds) {
      const items = await readItems(
        calls,
        table,
        segmentIds.map((segmentId) => ({ segmentId })),
        ['segmentId', 'state', 'jobId'],
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
            either(isMissing('state'), isNot('state', 'Dropped')),
            either(isMissing('jobId'), is('jobId', jobId)),
          ],
        })),
      ),
  };
}
