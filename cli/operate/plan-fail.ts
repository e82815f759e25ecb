import { jobHasNews } from '../../functions/copy-segment/job-changes.ts';
import { failedByHand } from '../../functions/copy-segment/operator-changes.ts';
import { isDispatchable } from '../../functions/copy-segment/task.ts';
import { nothing, type Plan, planned, refused, type Step } from './plan.ts';
import { holderNote } from './plan-release.ts';
import { describeJob, nameOf, runningJob, type TaskSituation } from './situation.ts';

/** Fails a task, and with it its job. */
export function planFail(
  situation: TaskSituation,
  by: { readonly who: string; readonly reason: string },
): Plan {
  const { key, task: found, job, now, shards } = situation;
  const name = nameOf(key);
  if (found === undefined) return refused(`There is no task ${name}.`);
  const running = runningJob(situation);
  const task = found.reading.ok ? found.reading.value : undefined;
  if (task?.state === 'Failed')
    return nothing(`Task ${name} failed already${task.reason === undefined ? '' : `: ${task.reason}`}.`);
  if (job !== 'missing' && running === undefined)
    return refused(`Task ${name} is not to be failed any more: ${describeJob(situation)}.`);
  if (task?.state === 'Completed')
    return running === undefined || running.state === 'Publishing'
      ? refused(`Task ${name} is Completed, and ${describeJob(situation)}.`)
      : refused(`Task ${name} is Completed. To give up the restore:`, 'cancel', String(key.jobId));

  // One that is due already is looked at anyway; one without a marker has a checker that needs none.
  const isToTell = running?.dueAt !== undefined && running.dueAt > now;
  const steps: [Step, ...Step[]] = [
    { change: failedByHand(found, by, now, shards), before: found.raw },
    ...(isToTell ? [{ change: jobHasNews(running, now, shards), before: running.raw }] : []),
  ];
  const checker = running?.dueAt === undefined ? 'whoever checks' : 'the next check fails';
  return planned(
    running
      ? `The next inspection drops its targets, within a minute; ${checker} job ${key.jobId}${running.dueAt === undefined ? ' fails it' : ''}, and then all of its targets are dropped.`
      : 'The next inspection drops its targets, within a minute, and settles it.',
    [
      ...(task && isDispatchable(task) && task.state === 'InProgress' ? [holderNote(task, now)] : []),
      found.reading.ok ? undefined : `It cannot be read: ${found.reading.reason}.`,
      running ? 'This is final, and a restore is all or nothing: its job fails with it.' : 'This is final.',
    ],
    ...steps,
  );
}
