import { isJob, isUnsettledFailure, type Job, type JobLookup } from '../copy-segment/job.ts';
import type { IndexedTask, Task } from '../copy-segment/task.ts';
import type { EnqueueReason } from '../copy-segment/task-message.ts';

export type Mode = 'inspect' | 'recover';

/** A task whose lease was lost this often is not dispatched again: it fails. */
export const MOST_LEASES = 10;
export const LEASES_LOST = `lease lost ${MOST_LEASES} times`;

/** What a pass does about a task, and why. */
export type Verdict = { readonly because: string } & (
  | { readonly kind: 'enqueue'; readonly messageReason: EnqueueReason }
  | { readonly kind: 'release' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'leaveToJob' }
  | { readonly kind: 'rest' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'orphan' }
  | { readonly kind: 'malformed' }
);
export type VerdictKind = Verdict['kind'];

/**
 * The rule of the inspector, without clock, SDK or environment.
 *
 * @param task as the `due` index or the table shows it; only the table tells whether a failure is settled
 * @param job its job, strongly consistent
 * @param now epoch milliseconds
 */
export function verdictOn(task: IndexedTask | Task, job: JobLookup, now: number, mode: Mode): Verdict {
  if (task.state === 'Failed') return verdictOnFailed(task, job, now, mode);
  if (task.state === 'Completed') return { kind: 'rest', because: 'the task is Completed' };
  if (job === 'missing') return { kind: 'orphan', because: `the task is ${task.state}, its job is missing` };
  if (!isJob(job)) return { kind: 'malformed', because: `its job cannot be read: ${job.unreadable}` };

  switch (job.state) {
    case 'Completed':
    case 'Failed':
      return { kind: 'rest', because: `the task is ${task.state}, its job is ${job.state}` };
    case 'Pending':
    case 'Executing':
    case 'Publishing':
      return task.state === 'Pending'
        ? {
            kind: 'enqueue',
            messageReason: 'pending',
            because: `the task is Pending, its job is ${job.state}`,
          }
        : verdictOnLease(task, now, mode);
  }
}

/** What a pass does about a job itself: it has work with Failed ones alone. */
export function verdictOnJob(job: Job): { readonly kind: 'dropAll' | 'rest'; readonly because: string } {
  if (isUnsettledFailure(job)) return { kind: 'dropAll', because: 'the job has Failed' };
  if (job.state === 'Failed') return { kind: 'rest', because: 'every target of the Failed job is settled' };
  return { kind: 'rest', because: `the job is ${job.state}` };
}

function verdictOnFailed(task: IndexedTask | Task, job: JobLookup, now: number, mode: Mode): Verdict {
  if ('segmentsDroppedAt' in task && task.segmentsDroppedAt !== undefined)
    return { kind: 'rest', because: 'every target of the Failed task is settled' };
  if (isJob(job) && isJudgedByThisPass(job, now, mode))
    return {
      kind: 'leaveToJob',
      because: 'the task has Failed, its Failed job drops the targets of all its tasks',
    };
  return { kind: 'drop', because: 'the task has Failed' };
}

/**
 * A Failed job drops and settles its tasks itself when this pass gets to it; doing it for the task first would
 * read and write each target twice. A job that this pass does not look at leaves the task to its own verdict.
 */
const isJudgedByThisPass = (job: Job, now: number, mode: Mode): boolean =>
  isUnsettledFailure(job) && (mode === 'recover' || (job.dueAt !== undefined && job.dueAt <= now));

function verdictOnLease(task: IndexedTask, now: number, mode: Mode): Verdict {
  const { leaseExpiresAt, taskVersion } = task;
  const running = leaseExpiresAt === undefined ? 'the task has no lease to run out' : 'the lease is running';
  if (leaseExpiresAt === undefined || leaseExpiresAt > now)
    return mode === 'recover'
      ? { kind: 'enqueue', messageReason: 'recovery', because: `recovery, ${running}` }
      : { kind: 'wait', because: running };
  return taskVersion >= MOST_LEASES
    ? { kind: 'fail', because: LEASES_LOST }
    : { kind: 'release', because: `the lease ran out at ${new Date(leaseExpiresAt).toISOString()}` };
}
