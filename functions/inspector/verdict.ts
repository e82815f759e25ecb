import { isJob, isRunning, isUnsettledFailure, type Job, type JobLookup } from '../copy-segment/job.ts';
import { placeOf } from '../copy-segment/job-changes.ts';
import type { DropCause } from '../copy-segment/segment.ts';
import { type DispatchableTask, type IndexedTask, isDispatchable, type Task } from '../copy-segment/task.ts';
import { LEASES_LOST, MAX_LOST_LEASES } from '../copy-segment/task-changes.ts';
import type { EnqueueReason } from '../copy-segment/task-message.ts';

/** `react`: a stream says what became due. */
export type Mode = 'inspect' | 'recover' | 'react';

/** A running job that has been due for longer than this, in milliseconds, has no checker. */
export const UNCHECKED_AFTER_MS = 60 * 60_000;

/** A verdict of each of these kinds, with what carrying it out takes. */
type Of<K extends string, Body> = K extends string
  ? { readonly kind: K; readonly because: string } & Body
  : never;

/** What a pass does about a task, and why. */
export type Verdict<T extends IndexedTask = IndexedTask> =
  | Of<'enqueue', { readonly task: T & DispatchableTask; readonly messageReason: EnqueueReason }>
  | Of<'release', { readonly task: T & DispatchableTask }>
  /** `job`: to be failed by its checker. */
  | Of<'fail', { readonly task: T & DispatchableTask; readonly job: Job }>
  /**
   * `cause`: on whose behalf, the task's own failure or its job's; `reason`: why that failed; `job`: a running one, to be
   * failed by its checker.
   */
  | Of<
      'drop',
      {
        readonly task: T;
        readonly cause: DropCause;
        readonly reason?: string | undefined;
        readonly job?: Job;
      }
    >
  | Of<'wait', { readonly task: T; readonly leaseExpiresAt: number }>
  | Of<'rest' | 'orphan' | 'contradiction' | 'malformed', { readonly task: T }>;
export type VerdictKind = Verdict['kind'];

/** A job that was read, or is known not to exist. */
export type KnownJob = Exclude<JobLookup, { readonly unread: string }>;

/**
 * The inspector's rule, without clock, SDK or environment.
 *
 * @param task as the `due` index or the table shows it; only the table tells whether a failure is settled, and how many
 *   leases were lost
 * @param job its job, strongly consistent
 * @param now epoch milliseconds
 */
export function verdictOn<T extends IndexedTask | Task>(
  task: T,
  job: KnownJob,
  now: number,
  mode: Mode,
): Verdict<T> {
  const { state } = task;
  const jobState = job !== 'missing' && isJob(job) ? job.state : undefined;
  if (state === 'Failed' && 'segmentsDroppedAt' in task && task.segmentsDroppedAt !== undefined)
    return { kind: 'rest', task, because: 'every target of the Failed task is settled' };
  // Without a marker it has no late writer: it is dropped with its job, which remembers its place.
  if (
    job !== 'missing' &&
    isJob(job) &&
    isUnsettledFailure(job) &&
    task.dueAt === undefined &&
    !isLate(task, job)
  )
    return { kind: 'rest', task, because: 'its targets are dropped with its job, which failed' };
  if (state === 'Failed') {
    if (jobState === 'Completed')
      return {
        kind: 'contradiction',
        task,
        because: 'the task failed, but its job is Completed: its segments are live',
      };
    const reason = 'reason' in task ? task.reason : undefined;
    return {
      kind: 'drop',
      task,
      cause: jobState === 'Failed' ? 'job' : 'task',
      reason,
      ...(job !== 'missing' && isJob(job) && isRunning(job) && { job }),
      because: 'the task failed',
    };
  }
  // Whatever comes due under a Failed job, or is found there, had a late writer: the job's own drops may be done.
  if (job !== 'missing' && isJob(job) && job.state === 'Failed')
    return {
      kind: 'drop',
      task,
      cause: 'job',
      reason: job.reason,
      because: `the task is ${state}, its job failed`,
    };
  if (state === 'Completed') return { kind: 'rest', task, because: 'the task is Completed' };
  if (job === 'missing') return { kind: 'orphan', task, because: `the task is ${state}, its job is missing` };
  if (!isJob(job)) return { kind: 'malformed', task, because: `its job cannot be read: ${job.unreadable}` };
  if (!isRunning(job))
    return { kind: 'rest', task, because: `the task is ${state}, its job is ${job.state}` };
  if (!isDispatchable(task)) return { kind: 'malformed', task, because: 'flaws' in task ? task.flaws : '' };
  return state === 'Pending'
    ? {
        kind: 'enqueue',
        task,
        messageReason: 'pending',
        because: `the task is Pending, its job is ${job.state}`,
      }
    : verdictOnLease(task, job, now, mode);
}

/** Clocks differ: how long before its job failed a late task may seem to have been created, in milliseconds. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Whether the drops of a Failed job may have gone past a task before it was there. */
function isLate(task: IndexedTask | Task, job: Job): boolean {
  const { through, past } = placeOf(job);
  const reached = past ?? through;
  if (reached === undefined || task.taskId > reached) return false;
  const createdAt = 'createdAt' in task ? task.createdAt : undefined;
  return (
    createdAt === undefined || job.completedAt === undefined || createdAt > job.completedAt - CLOCK_SKEW_MS
  );
}

function verdictOnLease<T extends DispatchableTask>(task: T, job: Job, now: number, mode: Mode): Verdict<T> {
  const { leaseExpiresAt, lostLeases } = task;
  if (leaseExpiresAt === undefined) {
    const because = 'the task has no lease that could run out';
    return mode === 'recover'
      ? { kind: 'enqueue', task, messageReason: 'recovery', because: `recovery: ${because}` }
      : { kind: 'rest', task, because };
  }
  if (leaseExpiresAt > now)
    return mode === 'recover'
      ? { kind: 'enqueue', task, messageReason: 'recovery', because: 'recovery: the lease is running' }
      : { kind: 'wait', task, leaseExpiresAt, because: 'the lease is running' };
  return lostLeases >= MAX_LOST_LEASES - 1
    ? { kind: 'fail', task, job, because: LEASES_LOST }
    : { kind: 'release', task, because: `the lease ran out at ${new Date(leaseExpiresAt).toISOString()}` };
}

export type JobVerdictKind = 'dropAll' | 'rest' | 'leave' | 'unchecked';

/** What a pass does about a job itself. The marker of a running one is the checker's. */
export function verdictOnJob(
  job: Job,
  now: number,
): { readonly kind: JobVerdictKind; readonly because: string } {
  if (isUnsettledFailure(job)) return { kind: 'dropAll', because: 'the job failed' };
  if (job.state === 'Failed') return { kind: 'rest', because: 'every target of the Failed job is settled' };
  if (!isRunning(job)) return { kind: 'rest', because: `the job is ${job.state}` };
  return isUnchecked(job, now)
    ? {
        kind: 'unchecked',
        because: `the job is ${job.state} and has been due for more than an hour: is there a checker?`,
      }
    : { kind: 'leave', because: `the job is ${job.state}: its marker is the checker's` };
}

export const isUnchecked = ({ dueAt }: { readonly dueAt?: number | undefined }, now: number): boolean =>
  dueAt !== undefined && dueAt < now - UNCHECKED_AFTER_MS;
