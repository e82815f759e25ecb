import type { Row } from '../../engines/load.ts';
import { dueShardOf } from '../../functions/copy-segment/due-index.ts';
import { packMappings } from '../../functions/copy-segment/mappings.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import { jobMessage, segmentMessage, taskMessage } from './datapb.ts';
import { openRecord } from './open-record.ts';
import { read } from './proto-json.ts';

/** Milvus' default. A task of more has them in the compact form: as a list, 5,000 of them exceed an item's 400 kB. */
const MAX_LISTED_MAPPINGS = 100;

/**
 * Reads one record: a `datapb` message of Milvus in proto3 JSON, `{"job": …}`, `{"task": …}` or `{"segment": …}`. Its
 * marker is set as the writer of the item would set it at `now`.
 *
 * @param now epoch milliseconds
 * @throws Error that says what is wrong with the record
 */
export function readRecord(text: string, now: number, shards: number): Row {
  const { kind, value } = openRecord(text, ['job', 'task', 'segment']);
  return readers[kind](value, now, shards);
}

/** A row in words, the same for all rows of one key. */
export function nameOf({ table, item }: Row): string {
  if (table === 'jobs') return `job ${item.jobId}`;
  return table === 'tasks' ? `task ${item.taskId} of job ${item.jobId}` : `segment ${item.segmentId}`;
}

const readers = {
  job(value: unknown, now: number, shards: number): Row {
    const { timeoutTs, cleanupTs, startTs, completeTs, ...job } = read(jobMessage, value);
    const isDue = job.state === 'Failed' && job.segmentsDroppedAt === undefined;
    return rowOf('jobs', {
      ...job,
      createdAt: startTs ?? now,
      completedAt: completeTs,
      timeoutAt: timeoutTs,
      // DynamoDB's TTL takes seconds.
      expiresAt: cleanupTs && Math.floor(cleanupTs / 1_000),
      dueShard: dueShardOf(job.jobId, shards),
      dueAt: isDue ? now : undefined,
    });
  },

  task(value: unknown, now: number, shards: number): Row {
    const { createdTs, completeTs, nodeId, lostLeases, idMappings, ...task } = read(taskMessage, value);
    const isDue =
      task.state === 'Pending' || (task.state === 'Failed' && task.segmentsDroppedAt === undefined);
    return rowOf('tasks', {
      ...task,
      ...(idMappings.length > MAX_LISTED_MAPPINGS ? { mappings: packMappings(idMappings) } : { idMappings }),
      lostLeases: lostLeases > 0n ? lostLeases : undefined,
      nodeId: nodeId > 0n ? String(nodeId) : undefined,
      createdAt: createdTs ?? now,
      completedAt: completeTs,
      dueShard: dueShardOf(task.taskId, shards),
      dueAt: task.state === 'InProgress' ? task.leaseExpiresAt : isDue ? now : undefined,
    });
  },

  segment(value: unknown): Row {
    const { id: segmentId, numOfRows, ...segment } = read(segmentMessage, value);
    return rowOf('segments', { segmentId, ...segment, numOfRows: numOfRows > 0n ? numOfRows : undefined });
  },
};

const rowOf = (table: TableKind, attributes: Record<string, unknown>): Row => ({
  table,
  item: Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''),
  ),
});
