import { isInIndex } from '../../functions/copy-segment/due-index.ts';
import { requeued } from '../../functions/copy-segment/operator-changes.ts';
import { isDispatchable, type Task } from '../../functions/copy-segment/task.ts';
import { countOf } from '../terminal/count-of.ts';
import { nothing, type Plan, planned, refused } from './plan.ts';
import { workerOf } from './plan-release.ts';
import { describeJob, nameOf, runningJob, type TaskSituation } from './situation.ts';
import { timeText } from './time-text.ts';

/** Has the next inspection do what there is to do about a task, whatever its marker says. */
export function planRequeue(situation: TaskSituation): Plan {
  const { key, task: found, job, now, shards } = situation;
  const name = nameOf(key);
  if (found === undefined) return refused(`There is no task ${name}.`);
  const plan = (next: string, ...notes: readonly string[]): Plan =>
    planned(next, notes, { change: requeued(found, now, shards), before: found.raw });
  const { reading } = found;
  if (!reading.ok)
    return plan(
      'The next inspection looks at it, within a minute, and reports it again unless it was mended.',
      `It cannot be read: ${reading.reason}.`,
    );
  const task = reading.value;
  const jobState = job !== 'missing' && 'state' in job ? job.state : undefined;
  if (task.state === 'Failed') {
    if (jobState === 'Completed')
      return refused(
        `Task ${name} failed, but its job is Completed: its segments are live, and are not dropped.`,
        'forget',
        name,
      );
    const settled = task.segmentsDroppedAt;
    return plan(
      `The next inspection drops its ${targetsOf(task)}, within a minute, and settles it.`,
      ...(settled === undefined ? [] : [`It was settled at ${timeText(settled)}: that is taken back.`]),
    );
  }
  if (jobState === 'Failed')
    return plan(
      `The next inspection drops its ${targetsOf(task)}, within a minute.`,
      'Its job failed: a restore is all or nothing.',
    );
  if (task.state === 'Completed') return nothing(`Task ${name} is Completed: there is nothing left to do.`);
  if (job === 'missing')
    return refused(
      `Task ${name} has nothing to be sent for: its job is missing. To drop its targets:`,
      'fail',
      name,
      '--reason',
      'its job is missing',
    );
  if (runningJob(situation) === undefined)
    return refused(`Task ${name} has nothing to be sent for: ${describeJob(situation)}.`);
  if (!isDispatchable(task))
    return plan(
      'The next inspection looks at it, within a minute, and reports it again unless it was mended.',
      `It cannot be dispatched: ${task.flaws}.`,
    );
  if (task.state === 'Pending')
    return plan(
      'The next inspection sends it, within a minute.',
      'Should an earlier message still be in the queue, one of the two is thrown away.',
    );
  const { leaseExpiresAt } = task;
  if (leaseExpiresAt === undefined)
    return refused(
      `Task ${name} is InProgress without a lease: nothing says whether ${workerOf(task)} still works on it. If you know that it does not:`,
      'release',
      name,
      '--without-lease',
    );
  if (leaseExpiresAt > now && isInIndex(task, shards) && task.dueAt === leaseExpiresAt)
    return refused(
      `Task ${name} is held by ${workerOf(task)} until ${timeText(leaseExpiresAt)}. To take it away:`,
      'release',
      name,
    );
  return plan(
    leaseExpiresAt > now
      ? 'The next inspection looks at it, within a minute, and again when its lease ends.'
      : 'The next inspection releases it and sends it, within a minute.',
  );
}

const targetsOf = ({ targetSegmentIds }: Task): string => countOf(targetSegmentIds.length, 'target');
