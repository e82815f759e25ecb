import { dueShardOf } from '../../functions/copy-segment/due-index.ts';
import type { JobState } from '../../functions/copy-segment/job.ts';
import type { SegmentState } from '../../functions/copy-segment/segment.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import type { TaskState } from '../../functions/copy-segment/task.ts';

/** The moment every world starts at, epoch milliseconds: 2026-11-22T12:15:50.245Z. */
export const NOW = 1_795_349_750_245;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** An item and the table it goes to. */
export interface Row {
  readonly table: TableKind;
  readonly item: Record<string, unknown>;
}

const SHARDS = 4;

/** Anything may be overridden; `null` leaves an attribute out. */
type Overrides<T> = { readonly [K in keyof T]?: T[K] | null } & Record<string, unknown>;

interface JobItem {
  jobId: bigint;
  state: JobState;
}

/** An Executing job, in the index only if it is Failed and not settled. */
export function job(overrides: Overrides<JobItem> = {}): Row {
  const { jobId, state } = { jobId: 1n, state: 'Executing', ...overrides };
  const unsettled = state === 'Failed' && overrides.segmentsDroppedAt === undefined;
  return record('jobs', {
    jobId,
    state,
    collectionId: 7n,
    createdAt: NOW - HOUR,
    dueShard: dueShardOf(jobId ?? 1n, SHARDS),
    ...(unsettled && { dueAt: NOW - MINUTE }),
    ...overrides,
  });
}

interface TaskItem {
  jobId: bigint;
  taskId: bigint;
  state: TaskState;
  taskVersion: number;
  enqueueCount: number;
  leaseExpiresAt: number;
  dueAt: number | bigint;
}

/** A task of job 1, Pending and due unless it says otherwise, with the marker that its writer would have set. */
export function task(overrides: Overrides<TaskItem> & { targets?: readonly bigint[] } = {}): Row {
  const { targets = [], ...rest } = overrides;
  const { taskId, state } = { taskId: 1n, state: 'Pending', ...overrides };
  const settled = rest.segmentsDroppedAt !== undefined;
  const dueAt = state === 'InProgress' ? rest.leaseExpiresAt : NOW - MINUTE;
  return record('tasks', {
    jobId: 1n,
    taskId,
    state,
    collectionId: 7n,
    taskVersion: state === 'Pending' ? 0 : 1,
    enqueueCount: 0,
    createdAt: NOW - HOUR,
    idMappings: targets.map((targetSegmentId) => ({
      sourceSegmentId: targetSegmentId + 1_000_000n,
      targetSegmentId,
      partitionId: 3n,
    })),
    ...(state === 'InProgress' && { nodeId: 'datanode-1' }),
    dueShard: dueShardOf(taskId ?? 1n, SHARDS),
    ...(state !== 'Completed' && !settled && dueAt && { dueAt }),
    ...rest,
  });
}

/** A task whose worker was last heard of a minute ago, or holds it for another ten. */
export const expired = { state: 'InProgress', leaseExpiresAt: NOW - MINUTE } as const;
export const leased = { state: 'InProgress', leaseExpiresAt: NOW + 10 * MINUTE } as const;

/** A target segment of job 1, being imported. */
export const segment = (
  segmentId: bigint,
  state: SegmentState = 'Importing',
  overrides: Overrides<{ jobId: bigint }> = {},
): Row =>
  record('segments', {
    segmentId,
    state,
    collectionId: 7n,
    partitionId: 3n,
    isImporting: true,
    numOfRows: 1_000,
    jobId: 1n,
    ...overrides,
  });

const record = (table: TableKind, item: Record<string, unknown>): Row => ({
  table,
  item: Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined)),
});
