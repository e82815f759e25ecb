import type { Action } from './action.ts';
import { asRead, type Change } from './change.ts';
import { backoffMs, MAX_BACKOFF_MS, WITHHELD_MS } from './due-index.ts';
import type { Item } from './item.ts';
import { due, markerAsRead, markerOf, shard } from './marker.ts';
import type { DispatchableTask, IndexedTask, RawTaskKey, Task, TaskSighting } from './task.ts';

/**
 * What the inspector changes about a task, and what that does to its marker: section 3 of the contract, and the only
 * place that knows it. Each change holds on the condition that the task is as it was read.
 */
type TaskChange = Change<'tasks'>;

/** A task fails, rather than being dispatched again, with this many lost leases. */
export const MAX_LOST_LEASES = 10;
export const LEASES_LOST = `lease lost ${MAX_LOST_LEASES} times`;

/** Why what failed is looked at again, though nothing more can be done about it now. */
export const WHAT_IS_LEFT_IS_UNREADABLE = 'what is left of its targets cannot be read';

export const DROPPED_AS_MANY_AS_IT_MAY = 'the pass had dropped as many segments as it may';

/** Its message was sent at `sentAt`: counts it, and looks again after the backoff. */
export function enqueued(task: DispatchableTask, sentAt: number, shards: number): TaskChange {
  const enqueueCount = task.enqueueCount + 1;
  const set = { enqueueCount, enqueuedAt: sentAt };
  const action: Action = { what: 'enqueued', because: whyEnqueued(task) };
  if (task.state !== 'InProgress')
    return changed(task, {
      set: { ...set, ...due(task.taskId, task, sentAt + backoffMs(enqueueCount), shards) },
      action,
    });
  // Recovery only reminds the scheduler: a running lease stays what decides when to look next, and without one
  // nothing will change by waiting. It gets its shard all the same: whoever claims it sets no more than `dueAt`.
  return task.leaseExpiresAt === undefined
    ? changed(task, { set: { ...set, ...shard(task.taskId, task, shards) }, remove: ['dueAt'], action })
    : changed(task, { set: { ...set, ...due(task.taskId, task, task.leaseExpiresAt, shards) }, action });
}

const whyEnqueued = ({ state, enqueueCount }: DispatchableTask): string => {
  if (state === 'InProgress') return 'recovery: the task is InProgress';
  return enqueueCount === 0
    ? 'the task is Pending'
    : `the task is Pending still, after ${enqueueCount} ${enqueueCount === 1 ? 'message' : 'messages'}`;
};

/**
 * Takes an expired lease back: Pending, next version, nothing enqueued, due now. It loses `enqueuedAt`, which a task that its
 * worker gives back keeps: that is how the stream that wakes the inspector tells the two apart.
 */
export const released = (task: DispatchableTask, now: number, shards: number): TaskChange =>
  changed(task, {
    set: {
      state: 'Pending',
      taskVersion: task.taskVersion + 1,
      lostLeases: task.lostLeases + 1,
      enqueueCount: 0,
      ...due(task.taskId, task, now, shards),
    },
    remove: ['nodeId', 'leaseExpiresAt', 'enqueuedAt'],
    action: { what: 'released', because: `the lease of ${task.raw.nodeId ?? 'its worker'} ran out` },
  });

/** Gives up on a task whose leases keep running out. */
export const failedForLostLeases = (task: DispatchableTask, now: number, shards: number): TaskChange =>
  changed(task, {
    set: {
      state: 'Failed',
      lostLeases: task.lostLeases + 1,
      reason: LEASES_LOST,
      completedAt: now,
      ...due(task.taskId, task, now, shards),
    },
    remove: ['nodeId', 'leaseExpiresAt'],
    action: { what: 'failed', because: LEASES_LOST },
  });

/** A Failed task has no target left to drop. */
export const settled = (task: Task, now: number): TaskChange => ({
  table: 'tasks',
  key: keyOf(task),
  if: { state: 'Failed', ...asRead(task.raw, 'segmentsDroppedAt') },
  set: { segmentsDroppedAt: now },
  remove: ['dueAt'],
  action: { what: 'settled', because: 'no target is left to drop' },
});

/** Nothing left to do: leaves the index, nothing else is touched. */
export const rested = (task: IndexedTask, because = 'nothing is left to do'): TaskChange =>
  changed(task, { remove: ['dueAt'], action: { what: 'rested', because } });

/** To be looked at again at `dueAt`. */
export const postponed = (
  task: IndexedTask,
  dueAt: number,
  shards: number,
  because = 'no pass would find it in time',
): TaskChange =>
  changed(task, { set: due(task.taskId, task, dueAt, shards), action: { what: 'postponed', because } });

/** Only something unreadable keeps its targets visible: looked at again with backoff. */
export const droppedInVain = (task: Task, now: number, shards: number): TaskChange => {
  const dropAttempts = task.dropAttempts + 1;
  return changed(task, {
    set: { dropAttempts, ...due(task.taskId, task, now + backoffMs(dropAttempts), shards) },
    action: { what: 'postponed', because: WHAT_IS_LEFT_IS_UNREADABLE },
  });
};

/** The pass had dropped as many segments as it may. */
export const dropsWithheld = (task: Task, now: number, shards: number): TaskChange =>
  changed(task, {
    set: due(task.taskId, task, now + WITHHELD_MS, shards),
    action: { what: 'withheld', because: DROPPED_AS_MANY_AS_IT_MAY },
  });

/** An item that cannot be read: nothing but its marker may be written, and only over the marker that was read. */
export const postponedUnread = (
  { key, raw, reading }: TaskSighting,
  now: number,
  shards: number,
): TaskChange => ({
  table: 'tasks',
  key: keyOf(key),
  if: markerAsRead(raw),
  set: due(key.taskId, markerOf(raw), now + MAX_BACKOFF_MS, shards),
  remove: [],
  action: { what: 'postponed', because: reading.ok ? 'it cannot be read' : reading.reason },
});

const keyOf = ({ jobId, taskId }: RawTaskKey): Item => ({ jobId, taskId });

function changed(
  task: IndexedTask,
  {
    set = {},
    remove = [],
    action,
  }: Partial<Pick<TaskChange, 'set' | 'remove'>> & { readonly action: Action },
): TaskChange {
  // A lease that was renewed meanwhile, or set, has a worker again.
  const lease = task.state === 'InProgress' ? asRead(task.raw, 'leaseExpiresAt') : {};
  // Another pass may have settled it meanwhile: what is settled stays out of the index, which does not show it.
  const settlement =
    task.state === 'Failed' && 'targetSegmentIds' in task ? asRead(task.raw, 'segmentsDroppedAt') : {};
  return {
    table: 'tasks',
    key: keyOf(task),
    if: { ...asRead(task.raw, 'state', 'taskVersion'), ...lease, ...settlement },
    set,
    remove,
    action,
  };
}
