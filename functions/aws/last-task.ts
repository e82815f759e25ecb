import type { TableNames } from '../copy-segment/tables.ts';
import { readTask, sightTask, type Task, type TaskSighting } from '../copy-segment/task.ts';
import type { DynamoAccess } from './metered-clients.ts';
import { queryPages } from './reads.ts';

/** The task of a job with the highest id, strongly consistent. */
export const createLastTask =
  (clients: DynamoAccess, tables: TableNames) =>
  async (jobId: bigint): Promise<TaskSighting<Task> | undefined> => {
    const pages = queryPages(clients, {
      TableName: tables.tasks,
      KeyConditionExpression: 'jobId = :jobId',
      ExpressionAttributeValues: { ':jobId': jobId },
      ScanIndexForward: false,
      Limit: 1,
      ConsistentRead: true,
    });
    for await (const [item] of pages) return item && sightTask(item, readTask);
    return undefined;
  };
