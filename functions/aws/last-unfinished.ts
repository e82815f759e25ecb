import type { RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
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

/** Walks the tasks of a job from the highest one down, no further than to the first that is not Completed. */
export const createLastUnfinished =
  (clients: DynamoAccess, tables: TableNames): LastUnfinished =>
  async (jobId, { above, upTo }) => {
    let highest: RawId | undefined;
    let range = rangeOf(above, upTo);
    for (let limit = FIRST_LIMIT; ; limit = Math.min(limit * GROWTH, MAX_LIMIT)) {
      const pages = queryPages(clients, {
        TableName: tables.tasks,
        KeyConditionExpression: `jobId = :jobId${range.condition}`,
        ExpressionAttributeValues: { ':jobId': jobId, ...range.values },
        ProjectionExpression: 'taskId, #state',
        ExpressionAttributeNames: { '#state': 'state' },
        ScanIndexForward: false,
        Limit: limit,
        ConsistentRead: true,
        ...(range.start !== undefined && { ExclusiveStartKey: { jobId, taskId: range.start } }),
      });
      // A condition on a key has no range that is open at one end: its lower end is found, and left out.
      const page = (await firstOf(pages)).filter(({ taskId }) => taskId !== above);
      highest ??= page[0]?.taskId as RawId | undefined;
      const unfinished = page.find(({ state }) => state !== COMPLETED);
      if (unfinished) return { unfinished: unfinished.taskId as RawId, highest };
      const lowest = page.at(-1);
      if (lowest === undefined) return { highest };
      range = { ...range, start: lowest.taskId as RawId };
    }
  };

interface Range {
  readonly condition: string;
  readonly values: Item;
  /** Where a walk resumes. */
  readonly start?: RawId;
}

function rangeOf(above: RawId | undefined, upTo: RawId | undefined): Range {
  if (above === undefined)
    return upTo === undefined
      ? { condition: '', values: {} }
      : { condition: ' AND taskId <= :upTo', values: { ':upTo': upTo } };
  return upTo === undefined
    ? { condition: ' AND taskId > :above', values: { ':above': above } }
    : { condition: ' AND taskId BETWEEN :above AND :upTo', values: { ':above': above, ':upTo': upTo } };
}

async function firstOf<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  for await (const page of pages) return page;
  return [];
}
