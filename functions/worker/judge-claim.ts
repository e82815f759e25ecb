import type { Item, Reading } from '../copy-segment/item.ts';
import { isRunning, type Job, readJob } from '../copy-segment/job.ts';
import { type DispatchableTask, isDispatchable, readTask, type Task } from '../copy-segment/task.ts';
import type { ReceivedMessage } from '../copy-segment/task-message.ts';

/** Why a message's task is not to be claimed: its moment is over, its job is, or it makes no sense. */
export type Refusal =
  | { readonly kind: 'stale' | 'jobOver' }
  | { readonly kind: 'malformed'; readonly reason: string };

export type ClaimVerdict =
  | { readonly kind: 'claim'; readonly task: Task & DispatchableTask; readonly job: Job }
  | Refusal;

/**
 * Whether a message entitles a worker to its task. Without clock or SDK.
 *
 * @param taskItem as the table holds it, strongly consistent; undefined: there is none
 * @param jobItem likewise
 */
export function judgeClaim(
  message: ReceivedMessage,
  taskItem: Item | undefined,
  jobItem: Item | undefined,
): ClaimVerdict {
  // A job is removed some time after its end.
  if (jobItem === undefined) return { kind: 'jobOver' };
  if (taskItem === undefined) return { kind: 'stale' };
  const job = readJob(jobItem);
  if (job.ok && !isRunning(job.value)) return { kind: 'jobOver' };
  const task = dispatchable(readTask(taskItem));
  if (!task.ok) return malformed('task', task.reason);
  if (!isClaimable(task.value, message)) return { kind: 'stale' };
  return job.ok ? { kind: 'claim', task: task.value, job: job.value } : malformed('job', job.reason);
}

function isClaimable(task: DispatchableTask, { taskVersion, reason }: ReceivedMessage): boolean {
  if (task.taskVersion !== taskVersion) return false;
  if (task.state === 'Pending') return true;
  // An operator who knows that the workers are gone hands on what has no lease that could run out.
  return task.state === 'InProgress' && task.leaseExpiresAt === undefined && reason === 'recovery';
}

const dispatchable = (reading: Reading<Task>): Reading<Task & DispatchableTask> => {
  if (!reading.ok) return reading;
  const task = reading.value;
  return isDispatchable(task) ? { ok: true, value: task } : { ok: false, reason: task.flaws };
};

const malformed = (noun: 'task' | 'job', reason: string): Refusal => ({
  kind: 'malformed',
  reason: `its ${noun} cannot be read: ${reason}`,
});
