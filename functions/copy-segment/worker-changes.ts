import * as v from 'valibot';
import { asRead, type Change } from './change.ts';
import { type Item, lenient, readItem } from './item.ts';
import type { Progress } from './progress.ts';
import { type DispatchableTask, type Task, type TaskKey, taskAttributes } from './task.ts';
import { truncate } from './truncate.ts';

/**
 * What a worker changes about its task, with the markers of section 8 of the contract, and the news it has for the
 * job. All but the claim hold on the condition that the task is InProgress in the version that the claim gave it.
 */
type TaskChange = Change<'tasks'>;

/** A task fails, rather than being given back once more, after this many retries. */
export const MAX_RETRIES = 10;
const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 15 * 60_000;
/** An SDK's message may quote a whole document. */
const MAX_REASON_LENGTH = 1_000;

/** @param task as it was read: Pending, or InProgress without a lease */
export const claimed = (
  task: Task & DispatchableTask,
  nodeId: string,
  leaseExpiresAt: number,
): TaskChange => ({
  table: 'tasks',
  key: keyOf(task),
  if: {
    ...asRead(task.raw, 'state', 'taskVersion'),
    ...(task.state === 'InProgress' && asRead(task.raw, 'leaseExpiresAt')),
  },
  set: {
    state: 'InProgress',
    taskVersion: task.taskVersion + 1,
    nodeId,
    leaseExpiresAt,
    dueAt: leaseExpiresAt,
  },
  remove: [],
});

/** A task as its worker claimed it. */
export type ClaimedTask = Task & DispatchableTask;

/** The heartbeat. */
export const renewed = (task: ClaimedTask, leaseExpiresAt: number, progress?: Progress): TaskChange =>
  held(task, { set: { leaseExpiresAt, dueAt: leaseExpiresAt, ...progressAttributes(progress) } });

export const completed = (task: ClaimedTask, progress: Progress, now: number): TaskChange =>
  held(task, {
    set: { state: 'Completed', completedAt: now, ...progressAttributes(progress) },
    remove: ['leaseExpiresAt', 'dueAt'],
  });

export const failed = (task: ClaimedTask, reason: string, now: number): TaskChange =>
  held(task, {
    set: { state: 'Failed', reason: truncate(reason, MAX_REASON_LENGTH), completedAt: now, dueAt: now },
    remove: ['leaseExpiresAt'],
  });

/** Given back after an error that may pass: Pending again, after 15 s that double with each retry, at most 15 min. */
export function retried(task: ClaimedTask, reason: string, now: number): TaskChange {
  const retries = retriesOf(task);
  if (retries >= MAX_RETRIES) return failed(task, `${reason} (after ${retries} retries)`, now);
  return givenBack(task, {
    retries: retries + 1,
    reason: truncate(reason, MAX_REASON_LENGTH),
    dueAt: now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries),
  });
}

/** Given back in good time: for the next worker, now. Without progress it would go round for ever: a retry then. */
export const handedOver = (task: ClaimedTask, progress: Progress, now: number): TaskChange =>
  isProgress(task, progress)
    ? givenBack(task, { ...progressAttributes(progress), dueAt: now })
    : retried(task, 'handed over without progress', now);

/** One more Completed task: counters that nobody trusts. */
export const counted = (task: ClaimedTask, { copiedBytes }: Progress): Change<'jobs'> => ({
  table: 'jobs',
  key: { jobId: task.jobId },
  if: {},
  set: {},
  add: { completedTasks: 1, completedSegments: task.targetSegmentIds.length, copiedBytes },
  remove: [],
});

const keyOf = ({ jobId, taskId }: TaskKey): Item => ({ jobId, taskId });

const held = (task: ClaimedTask, { set = {}, remove = [] }: Partial<TaskChange>): TaskChange => ({
  table: 'tasks',
  key: keyOf(task),
  if: { state: 'InProgress', taskVersion: task.taskVersion },
  set,
  remove,
});

/** As released, but no lease was lost: the next version, nothing enqueued. */
const givenBack = (task: ClaimedTask, set: TaskChange['set']): TaskChange =>
  held(task, {
    set: { state: 'Pending', taskVersion: task.taskVersion + 1, enqueueCount: 0, ...set },
    remove: ['nodeId', 'leaseExpiresAt'],
  });

const progressAttributes = (progress: Progress | undefined): TaskChange['set'] =>
  progress === undefined
    ? {}
    : { copiedObjects: progress.copiedObjects, copiedBytes: Number(progress.copiedBytes) };

const isProgress = (task: ClaimedTask, { copiedObjects, copiedBytes }: Progress): boolean =>
  BigInt(copiedObjects) !== (task.raw.copiedObjects ?? 0n) || copiedBytes !== (task.raw.copiedBytes ?? 0n);

const retriesItem = v.object({ retries: lenient(taskAttributes.retries) });

function retriesOf({ raw }: ClaimedTask): number {
  const reading = readItem(retriesItem, raw);
  return reading.ok ? (reading.value.retries ?? 0) : 0;
}
