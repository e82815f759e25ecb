import { isJob, isUnsettledFailure, type Job, type JobLookup } from '../copy-segment/job.ts';
import type { IndexedTask, Task } from '../copy-segment/task.ts';
import type { EnqueueReason } from '../copy-segment/task-message.ts';

export type Mode = 'inspect' | 'recover';

/** From this version on, a task whose lease runs out is not dispatched again: it fails, for this reason. */
const LAST_VERSION = 10;
export const LEASES_LOST = 'lease lost 10 times';

/** What a pass does about a task, and why. */
export type Verdict = { readonly because: string } & (
  | { readonly kind: 'enqueue'; readonly messageReason: EnqueueReason }
  | { readonly kind: 'release' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'drop' }
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
  if (task.state === 'Failed') return verdictOnFailed(task);
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

function verdictOnFailed(task: IndexedTask | Task): Verdict {
  return 'segmentsDroppedAt' in task && task.segmentsDroppedAt !== undefined
    ? { kind: 'rest', because: 'every target of the Failed task is settled' }
    : { kind: 'drop', because: 'the task has Failed' };
}

function verdictOnLease(task: IndexedTask, now: number, mode: Mode): Verdict {
  const { leaseExpiresAt, taskVersion } = task;
  const running = leaseExpiresAt === undefined ? 'the task has no lease to run out' : 'the lease is running';
  if (leaseExpiresAt === undefined || leaseExpiresAt > now)
    return mode === 'recover'
      ? { kind: 'enqueue', messageReason: 'recovery', because: `recovery, ${running}` }
      : { kind: 'wait', because: running };
  return taskVersion >= LAST_VERSION
    ? { kind: 'fail', because: LEASES_LOST }
    : { kind: 'release', because: `the lease ran out at ${new Date(leaseExpiresAt).toISOString()}` };
}
