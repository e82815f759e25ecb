import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import { leaseTaken, staleLeaseRemoved } from '../../functions/copy-segment/operator-changes.ts';
import { type DispatchableTask, isDispatchable, type Task } from '../../functions/copy-segment/task.ts';
import { nothing, type Plan, planned, refused } from './plan.ts';
import { describeJob, nameOf, runningJob, type TaskSituation } from './situation.ts';
import { spanText, timeText } from './time-text.ts';

/** Takes a lease away. `withoutLease`: the task may also have none, its worker is known to be gone. */
export function planRelease(
  situation: TaskSituation,
  { withoutLease }: { readonly withoutLease: boolean },
): Plan {
  const { key, task: found, now, shards } = situation;
  const name = nameOf(key);
  if (found === undefined) return refused(`There is no task ${name}.`);
  const { reading, raw } = found;
  if (!reading.ok)
    return refused(`Task ${name} cannot be read: ${reading.reason}.`, 'fail', name, '--reason', 'unreadable');
  const task = reading.value;
  if (task.state !== 'InProgress') {
    const hasWorker = task.state === 'Pending' && isPresent(raw.nodeId);
    if (!isPresent(raw.leaseExpiresAt) && !hasWorker)
      return nothing(
        `Task ${name} is ${task.state}: nobody holds it.`,
        ...(task.state === 'Pending' ? ['requeue', name] : []),
      );
    const step = { change: staleLeaseRemoved(found), before: raw };
    return planned(
      `It stays ${task.state}. Nothing else happens.`,
      ['Nobody works on it: this is left over.'],
      step,
    );
  }
  if (runningJob(situation) === undefined)
    return refused(`Task ${name} has nothing to be released for: ${describeJob(situation)}.`);
  if (!isDispatchable(task))
    return refused(
      `Task ${name} cannot be dispatched: ${task.flaws}.`,
      'fail',
      name,
      '--reason',
      'malformed',
    );
  if (task.leaseExpiresAt === undefined && !withoutLease)
    return refused(
      `Task ${name} has no lease: nothing says whether ${workerOf(task)} still works on it. If you know that it does not:`,
      'release',
      name,
      '--without-lease',
    );
  return planned('The next inspection enqueues it, within a minute.', [holderNote(task, now)], {
    change: leaseTaken(task, now, shards),
    before: raw,
  });
}

/** Who holds a task, and what becomes of what it does. */
export function holderNote(task: Task & DispatchableTask, now: number): string {
  const { leaseExpiresAt } = task;
  const worker = workerOf(task);
  if (leaseExpiresAt === undefined) return `If ${worker} still works on it, two workers do.`;
  return leaseExpiresAt > now
    ? `${capital(worker)} holds it for another ${spanText(leaseExpiresAt - now)}; it stops at its next heartbeat.`
    : `The lease of ${worker} ran out at ${timeText(leaseExpiresAt)}: the next inspection would release it anyway.`;
}

export const workerOf = ({ raw }: Task): string =>
  typeof raw.nodeId === 'string' ? `worker ${raw.nodeId}` : 'its worker';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
