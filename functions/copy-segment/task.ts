import * as v from 'valibot';
import { compareIds, type RawId } from './ids.ts';
import {
  type Item,
  id,
  lenient,
  map,
  markerAttributes,
  markerEntries,
  oneOf,
  type Read,
  type Reading,
  readItem,
  text,
  whole,
} from './item.ts';
import { readMappings } from './mappings.ts';

/** Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentTaskState`. */
export const TASK_STATES = ['Pending', 'InProgress', 'Completed', 'Failed'] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** Every attribute of Tasks, by name: docs/tables.md says what each means and who writes it. */
export const taskAttributes = {
  jobId: id,
  taskId: id,
  state: oneOf(TASK_STATES),
  collectionId: id,
  /** A task has one of the two, see mappings.ts. */
  idMappings: v.array(v.unknown(), 'must be a list (L)'),
  mappings: v.instance(Uint8Array, 'must be binary (B)'),
  /** Dispatch epoch: 0 at creation, +1 at every claim and every release. */
  taskVersion: whole,
  /** Leases that ran out; absent is 0. */
  lostLeases: whole,
  /** Messages sent for this version. */
  enqueueCount: whole,
  enqueuedAt: whole,
  /** Epoch milliseconds; absent: no lease that could run out. */
  leaseExpiresAt: whole,
  completedAt: whole,
  createdAt: whole,
  nodeId: text,
  reason: text,
  /** Epoch milliseconds at which every target of this Failed task was settled. */
  segmentsDroppedAt: whole,
  /** How often the inspector looked in vain at a task that only something unreadable keeps unsettled. */
  dropAttempts: whole,
  /** How often a worker gave it back after an error that may pass. */
  retries: whole,
  copiedObjects: whole,
  copiedBytes: whole,
  /** Target partition → source partition, as decimal strings. */
  sourcePartitions: v.pipe(map, v.record(text, id)),
  /** Key of an object list. */
  copyList: text,
  /** Epoch seconds: DynamoDB's TTL. */
  expiresAt: whole,
  ...markerAttributes,
};

export interface TaskKey {
  readonly jobId: bigint;
  readonly taskId: bigint;
}

/** A key as the table holds it, which may contain invalid ids. */
export interface RawTaskKey {
  readonly jobId: RawId;
  readonly taskId: RawId;
}

/** Ascending job id, then task id: the order of a pass, as in Milvus. */
export const compareTaskKeys = (a: RawTaskKey, b: RawTaskKey): number =>
  compareIds(a.jobId, b.jobId) || compareIds(a.taskId, b.taskId);

const { jobId, taskId, state, collectionId, taskVersion, enqueueCount, leaseExpiresAt, lostLeases } =
  taskAttributes;

/** What every verdict needs; for one that drops, or rests, it is enough. */
const coreItem = v.object({ jobId, taskId, state, ...markerEntries });

/** What dispatching a task needs in addition. */
const dispatchItem = v.object({
  collectionId,
  taskVersion,
  // The count is the inspector's own bookkeeping: a writer that does not know it has enqueued nothing.
  enqueueCount: v.optional(enqueueCount, 0n),
  leaseExpiresAt: v.exactOptional(leaseExpiresAt),
  lostLeases: v.optional(lostLeases, 0n),
});

type Core = Read<v.InferOutput<typeof coreItem>>;
type Dispatch = v.InferOutput<typeof dispatchItem>;

/** A task that can be sent to the scheduler, released and failed. */
export type DispatchableTask = Core & Dispatch;

/** What the `due` index shows of a task. `flaws`: why it cannot be dispatched, though it can be dropped. */
export type IndexedTask = DispatchableTask | (Core & { readonly flaws: string });

/** What only the table tells, with a strongly consistent read. */
export interface TaskTruth {
  /** Target segments of its id mappings, each once, in their order. */
  readonly targetSegmentIds: readonly bigint[];
  /** Targets that it names more than once. */
  readonly repeatedTargets?: readonly bigint[];
  /** Why some of its targets cannot be read: the task cannot be settled. */
  readonly unreadableTargets?: string;
  /** What else is wrong with its mappings. */
  readonly mappingFlaws?: string;
  readonly reason?: string;
  readonly segmentsDroppedAt?: number;
  readonly createdAt?: number;
  readonly dropAttempts: number;
}

/** A task as the table holds it. */
export type Task = IndexedTask & TaskTruth;

export const isDispatchable = (task: IndexedTask): task is DispatchableTask => !('flaws' in task);

export function readIndexedTask(item: Item): Reading<IndexedTask> {
  const core = readItem(coreItem, item);
  if (!core.ok) return core;
  const dispatch = readItem(dispatchItem, item);
  const rest = dispatch.ok ? dispatch.value : { flaws: dispatch.reason };
  return { ok: true, value: { ...core.value, ...rest, raw: item } };
}
const truthItem = v.object({
  reason: lenient(taskAttributes.reason),
  segmentsDroppedAt: lenient(taskAttributes.segmentsDroppedAt),
  dropAttempts: lenient(taskAttributes.dropAttempts),
  createdAt: lenient(taskAttributes.createdAt),
});

export function readTask(item: Item): Reading<Task> {
  const indexed = readIndexedTask(item);
  const truth = readItem(truthItem, item);
  if (!indexed.ok) return indexed;
  if (!truth.ok) return truth;
  const { targetSegmentIds, repeated, unreadable, flaws } = readMappings(item);
  const { reason, segmentsDroppedAt, createdAt, dropAttempts = 0 } = truth.value;
  return {
    ok: true,
    value: {
      ...indexed.value,
      targetSegmentIds,
      ...(repeated.length > 0 && { repeatedTargets: repeated }),
      ...(unreadable !== undefined && { unreadableTargets: unreadable }),
      ...(flaws !== undefined && { mappingFlaws: flaws }),
      ...(reason !== undefined && { reason }),
      ...(segmentsDroppedAt !== undefined && { segmentsDroppedAt }),
      ...(createdAt !== undefined && { createdAt }),
      dropAttempts,
    },
  };
}

/** A task item that was found: its key is always known, the rest only if it can be read. */
export interface TaskSighting<T extends IndexedTask = IndexedTask> {
  readonly key: RawTaskKey;
  readonly raw: Item;
  readonly reading: Reading<T>;
}

export const sightTask = <T extends IndexedTask>(
  raw: Item,
  read: (item: Item) => Reading<T>,
): TaskSighting<T> => ({
  key: { jobId: raw.jobId as RawId, taskId: raw.taskId as RawId },
  raw,
  reading: read(raw),
});

/**
 * The same, read when it is asked for: of many tasks that wait for their turn, only the item is held.
 *
 * A class, since a window holds thousands of them: a getter in an object literal costs more memory than the item.
 */
export class LaterSighting<T extends IndexedTask> implements TaskSighting<T> {
  readonly raw: Item;
  readonly #read: (item: Item) => Reading<T>;

  constructor(raw: Item, read: (item: Item) => Reading<T>) {
    this.raw = raw;
    this.#read = read;
  }

  get key(): RawTaskKey {
    return { jobId: this.raw.jobId as RawId, taskId: this.raw.taskId as RawId };
  }

  get reading(): Reading<T> {
    return this.#read(this.raw);
  }
}
