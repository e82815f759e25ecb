import type { RawId } from '../copy-segment/ids.ts';
import type { LastUnfinished } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import type { TaskState } from '../copy-segment/task.ts';
import type { DynamoAccess } from './metered-clients.ts';
import { queryPages } from './reads.ts';

/** A query costs what it reads, found or not: it begins with one item, since the last task usually is unfinished. */
const FIRST_LIMIT = 1;
const GROWTH = 10;
const MAX_LIMIT = 1_000;

const COMPLETED: TaskState = 'Completed';

/** Walks the tasks of a job from its highest one down, no further than to the first that is not Completed. */
export const createLastUnfinished =
  (clients: DynamoAccess, tables: TableNames): LastUnfinished =>
  async (jobId, from) => {
    let condition = from === undefined ? '' : ' AND taskId <= :place';
    let place = from;
    for (let limit = FIRST_LIMIT; ; limit = Math.min(limit * GROWTH, MAX_LIMIT)) {
      const pages = queryPages(clients, {
        TableName: tables.tasks,
        KeyConditionExpression: `jobId = :jobId${condition}`,
        ExpressionAttributeValues: { ':jobId': jobId, ...(place !== undefined && { ':place': place }) },
        ProjectionExpression: 'taskId, #state',
        ExpressionAttributeNames: { '#state': 'state' },
        ScanIndexForward: false,
        Limit: limit,
        ConsistentRead: true,
      });
      const page = await firstOf(pages);
      const unfinished = page.find(({ state }) => state !== COMPLETED);
      if (unfinished) return unfinished.taskId as RawId;
      const lowest = page.at(-1);
      if (lowest === undefined) return undefined;
      place = lowest.taskId as RawId;
      condition = ' AND taskId < :place';
    }
  };

async function firstOf<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  for await (const page of pages) return page;
  return [];
}
