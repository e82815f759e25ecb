import type { SegmentStore } from '../copy-segment/stores.ts';
import type { AwsClients } from './metered-clients.ts';
import { readItems } from './reads.ts';
import { either, is, isMissing, isNot, updateEach } from './update-each.ts';

export function createSegmentStore(clients: AwsClients, table: string): SegmentStore {
  return {
    async read(segmentIds) {
      const items = await readItems(
        clients,
        table,
        segmentIds.map((segmentId) => ({ segmentId })),
        ['segmentId', 'state', 'jobId'],
      );
      return new Map(items.map((item) => [item.segmentId as bigint, item]));
    },

    drop: (requests, now) =>
      updateEach(
        clients,
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
