import { parse } from 'lossless-json';
import type { Row } from '../../engines/load.ts';
import { DEFAULT_DUE_SHARDS, dueShardOf } from '../../functions/copy-segment/due-index.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import {
  fromNanoseconds,
  fromTso,
  isObject,
  jobMessage,
  read,
  segmentMessage,
  taskMessage,
} from './datapb.ts';

/** Thrown when lines of a restore file cannot be read. Nothing was loaded. */
export class UnreadableRestoreError extends Error {
  override name = 'UnreadableRestoreError';
}

/** How many lines an error names; a file of the wrong kind has nothing but bad ones. */
const MAX_LINES_LISTED = 20;

/**
 * Reads a restore: NDJSON of Milvus' `datapb` messages in proto3 JSON, `{"job": …}`, `{"task": …}` or
 * `{"segment": …}` a line. Markers are set as the writer of each item would set them at `now`.
 * Source: milvus-io/milvus pkg/proto/data_coord.proto.
 *
 * @param now epoch milliseconds
 * @throws UnreadableRestoreError that names each line that cannot be read, and why
 */
export function readRestore(text: string, now: number, shards = DEFAULT_DUE_SHARDS): Row[] {
  const items: Row[] = [];
  const problems: string[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    try {
      const item = readLine(line, now, shards);
      const key = keyOf(item);
      const first = lineOf.get(key);
      if (first !== undefined) throw new Error(`${key} is on line ${first} already`);
      lineOf.set(key, index + 1);
      items.push(item);
    } catch (error) {
      problems.push(`line ${index + 1}: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (problems.length === 0) return items;
  const more =
    problems.length > MAX_LINES_LISTED ? [`… and ${problems.length - MAX_LINES_LISTED} more lines`] : [];
  throw new UnreadableRestoreError([...problems.slice(0, MAX_LINES_LISTED), ...more].join('\n'));
}

function keyOf({ table, item }: Row): string {
  if (table === 'jobs') return `job ${item.jobId}`;
  return table === 'tasks' ? `task ${item.taskId} of job ${item.jobId}` : `segment ${item.segmentId}`;
}

function readLine(line: string, now: number, shards: number): Row {
  // JSON.parse would round ids past 2^53 that are written as numbers.
  const value = parse(line, undefined, (number) =>
    /^-?\d+$/.test(number) ? BigInt(number) : Number(number),
  );
  if (!isObject(value)) throw new Error('must be a JSON object');
  const [kind, ...others] = Object.keys(value);
  if (kind === undefined || others.length > 0 || !Object.hasOwn(readers, kind))
    throw new Error('must have one field: "job", "task" or "segment"');
  return readers[kind as keyof typeof readers](value[kind], now, shards);
}

const readers = {
  job(value: unknown, now: number, shards: number): Row {
    const { timeoutTs, cleanupTs, startTs, completeTs, ...job } = read(jobMessage, value);
    const isDue = job.state === 'Failed' && job.segmentsDroppedAt === undefined;
    return itemOf('jobs', {
      ...job,
      createdAt: fromNanoseconds(startTs) ?? now,
      completedAt: fromNanoseconds(completeTs),
      timeoutAt: fromTso(timeoutTs),
      expiresAt: inSeconds(fromTso(cleanupTs)),
      dueShard: dueShardOf(job.jobId, shards),
      dueAt: isDue ? now : undefined,
    });
  },

  task(value: unknown, now: number, shards: number): Row {
    const { createdTs, completeTs, nodeId, ...task } = read(taskMessage, value);
    const isDue =
      task.state === 'Pending' || (task.state === 'Failed' && task.segmentsDroppedAt === undefined);
    return itemOf('tasks', {
      ...task,
      nodeId: nodeId > 0n ? String(nodeId) : undefined,
      createdAt: fromNanoseconds(createdTs) ?? now,
      completedAt: fromNanoseconds(completeTs),
      dueShard: dueShardOf(task.taskId, shards),
      dueAt: task.state === 'InProgress' ? task.leaseExpiresAt : isDue ? now : undefined,
    });
  },

  segment(value: unknown): Row {
    const { id: segmentId, droppedAt, numOfRows, ...segment } = read(segmentMessage, value);
    return itemOf('segments', {
      segmentId,
      ...segment,
      numOfRows: numOfRows > 0n ? numOfRows : undefined,
      droppedAt: fromNanoseconds(droppedAt),
    });
  },
};

const itemOf = (table: TableKind, attributes: Record<string, unknown>): Row => ({
  table,
  item: Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== ''),
  ),
});

const inSeconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.floor(ms / 1_000);
