import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { SegmentReads } from '../../functions/copy-segment/stores.ts';
import type { Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import type { Connection } from '../connection/connection.ts';
import type { Segments } from './drop-postponed.ts';
import { ofTable } from './of-table.ts';

/**
 * The target segments of a task that exist.
 *
 * @throws TemporaryError if one could not be read
 */
export async function readTargets(
  { dynamo, tables }: Pick<Connection, 'dynamo' | 'tables'>,
  { reading }: TaskSighting<Task>,
  segments: SegmentReads,
): Promise<Segments> {
  if (!reading.ok) return new Map();
  const { targetSegmentIds } = reading.value;
  return ofTable(tables.segments, async () => {
    const { found, unread } = await segments.read(targetSegmentIds);
    for (const { key } of unread) {
      const Key = { segmentId: key };
      const { Item: item } = await dynamo.send(
        new GetCommand({ TableName: tables.segments, Key, ConsistentRead: true }),
      );
      if (item) found.set(key, item);
    }
    return found;
  });
}
