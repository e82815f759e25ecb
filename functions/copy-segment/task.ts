import * as v from 'valibot';
import type { DueMarker } from './due-index.ts';
import { compareIds } from './ids.ts';
import { type Item, id, markerEntries, oneOf, type Reading, readItem, text, whole } from './item.ts';

/** Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentTaskState`. */
export const TASK_STATES = ['Pending', 'InProgress', 'Completed', 'Failed'] as const;
export type TaskState = (typeof TASK_STATES)[number];

export interface TaskKey {
  readonly jobId: bigint;
  readonly taskId: bigint;
}

/** Ascending job id, then task id: the order of a pass, as in Milvus. */
export const compareTaskKeys = (a: TaskKey, b: TaskKey): number =>
  compareIds(a.jobId, b.jobId) || compareIds(a.taskId, b.taskId);

/** What the `due` index shows of a task: enough for every verdict that destroys nothing. */
export interface IndexedTask extends TaskKey, DueMarker {
  readonly state: TaskState;
  readonly collectionId: bigint;
  /** Dispatch epoch: 0 at creation, +1 at every claim and every release. */
  readonly taskVersion: number;
  /** Messages sent for this version. */
  readonly enqueueCount: number;
  /** Epoch milliseconds; absent: no lease that could run out. */
  readonly leaseExpiresAt?: number;
}

/** A task as the table holds it. */
export interface Task extends IndexedTask {
  /** Target segments of its id mappings, each once, in their order. */
  readonly targetSegmentIds: readonly bigint[];
  readonly reason?: string;
  /** Epoch milliseconds at which every target of this Failed task was settled. */
  readonly segmentsDroppedAt?: number;
}

const indexedEntries = {
  jobId: id,
  taskId: id,
  state: oneOf(TASK_STATES),
  collectionId: id,
  taskVersion: whole,
  // The count is the inspector's own bookkeeping: a writer that does not know it has enqueued nothing.
  enqueueCount: v.optional(whole, 0n),
  leaseExpiresAt: v.exactOptional(whole),
  ...markerEntries,
};

const idMapping = v.object(
  { sourceSegmentId: id, targetSegmentId: id, partitionId: id },
  'must be a map (M)',
);

const indexedTaskItem = v.object(indexedEntries);

const taskItem = v.pipe(
  v.object({
    ...indexedEntries,
    idMappings: v.array(idMapping, 'must be a list (L)'),
    reason: v.exactOptional(text),
    segmentsDroppedAt: v.exactOptional(whole),
  }),
  v.transform(({ idMappings, ...task }) => ({
    ...task,
    targetSegmentIds: [...new Set(idMappings.map((mapping) => mapping.targetSegmentId))],
  })),
);

export const readIndexedTask = (item: Item): Reading<IndexedTask> =>
  readItem(indexedTaskItem, item) as Reading<IndexedTask>;

export const readTask = (item: Item): Reading<Task> => readItem(taskItem, item) as Reading<Task>;
