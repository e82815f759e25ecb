import type { Action } from './action.ts';
import { asRead, type Change } from './change.ts';
import type { RawId } from './ids.ts';
import type { Item } from './item.ts';
import { due, markerAsRead, markerOf } from './marker.ts';
import type { DispatchableTask, RawTaskKey } from './task.ts';
import { truncate } from './truncate.ts';

/**
 * What an operator changes by hand, besides cancelling a job. Each change holds on the condition that the item is as it
 * was read and shown: if a pass or a worker was quicker, nothing is changed.
 */
type TaskChange = Change<'tasks'>;

const MAX_REASON_LENGTH = 300;

/** A task item that was found, readable or not. */
export interface FoundTask {
  readonly key: RawTaskKey;
  readonly raw: Item;
}

/**
 * Takes the task from its worker: Pending, next version, nothing enqueued, due now. The worker learns of it at its next
 * heartbeat. No lease ran out, so `lostLeases` stays.
 */
export const leaseTaken = (task: DispatchableTask, now: number, shards: number): TaskChange =>
  changed(
    { key: task, raw: task.raw },
    {
      set: {
        state: 'Pending',
        taskVersion: task.taskVersion + 1,
        enqueueCount: 0,
        ...due(task.taskId, task, now, shards),
      },
      remove: ['nodeId', 'leaseExpiresAt'],
      action: {
        what: 'released',
        because:
          typeof task.raw.nodeId === 'string' ? `taken from ${task.raw.nodeId}` : 'taken from its worker',
      },
    },
  );

/** Takes away what is left of a lease on a task that nobody works on. */
export const staleLeaseRemoved = (task: FoundTask): TaskChange =>
  changed(task, {
    remove: ['leaseExpiresAt', ...(task.raw.state === 'Pending' ? (['nodeId'] as const) : [])],
    action: { what: 'released', because: 'nobody works on it: its lease was left over' },
  });

/** Due now: the next inspection does what there is to do. A settlement is taken back: its targets are looked at again. */
export const requeued = (task: FoundTask, now: number, shards: number): TaskChange =>
  // The count of messages stays: it tells the next one from those before it, on a FIFO queue.
  changed(task, {
    set: dueNow(task, now, shards),
    remove: ['segmentsDroppedAt'],
    action: { what: 'requeued', because: 'the next inspection is to look at it' },
  });

/** Failed, because an operator wants it so: its targets are dropped, and the checker fails its job. */
export const failedByHand = (
  task: FoundTask,
  { who, reason }: { readonly who: string; readonly reason: string },
  now: number,
  shards: number,
): TaskChange => {
  const because = truncate(`failed by ${who}: ${reason}`, MAX_REASON_LENGTH);
  return changed(task, {
    set: {
      state: 'Failed',
      reason: because,
      completedAt: now,
      ...dueNow(task, now, shards),
    },
    remove: ['nodeId', 'leaseExpiresAt'],
    action: { what: 'failed', because },
  });
};

const FORGOTTEN: Action = { what: 'forgotten', because: 'no inspection is to look at it again' };

/** Out of the index: no inspection looks at it again until somebody gives it a marker, a recovery for one. */
export const taskForgotten = ({ key, raw }: FoundTask): TaskChange => ({
  table: 'tasks',
  key: keyOf(key),
  if: { ...markerAsRead(raw), ...asRead(raw, 'state') },
  set: {},
  remove: ['dueAt'],
  action: FORGOTTEN,
});

/** As `taskForgotten`, for a job. */
export const jobForgotten = (jobId: RawId, raw: Item): Change<'jobs'> => ({
  table: 'jobs',
  key: { jobId },
  if: { ...markerAsRead(raw), ...asRead(raw, 'state') },
  set: {},
  remove: ['dueAt'],
  action: FORGOTTEN,
});

const keyOf = ({ jobId, taskId }: RawTaskKey): Item => ({ jobId, taskId });

const dueNow = ({ key, raw }: FoundTask, now: number, shards: number) =>
  due(key.taskId, markerOf(raw), now, shards);

function changed(
  { key, raw }: FoundTask,
  {
    set = {},
    remove = [],
    action,
  }: Partial<Pick<TaskChange, 'set' | 'remove'>> & { readonly action: Action },
): TaskChange {
  return {
    table: 'tasks',
    key: keyOf(key),
    if: asRead(raw, 'state', 'taskVersion', 'leaseExpiresAt', 'segmentsDroppedAt'),
    set,
    // What is shown to the operator is what is changed.
    remove: remove.filter((name) => raw[name] !== undefined),
    action,
  };
}
