import { isJob, isUnsettledFailure } from '../../functions/copy-segment/job.ts';
import { jobForgotten, taskForgotten } from '../../functions/copy-segment/operator-changes.ts';
import type { TaskReads } from '../../functions/copy-segment/stores.ts';
import { countOf } from '../terminal/count-of.ts';
import { nothing, type Plan, planned, refused, type Step } from './plan.ts';
import { type JobSituation, nameOf, runningJob, type TaskSituation } from './situation.ts';

const NEXT =
  'No inspection looks at it again. A recovery does, and puts it back if there is something to do.';

/** Takes a task out of the `due` index. */
export function planForgetTask({ key, task: found }: TaskSituation): Plan {
  const name = nameOf(key);
  if (found === undefined) return refused(`There is no task ${name}.`);
  if ((found.raw.dueAt ?? undefined) === undefined)
    return nothing(`Task ${name} is not in the index: no inspection looks at it.`);
  return planned(NEXT, [left(found.raw.state)], { change: taskForgotten(found), before: found.raw });
}

/** Takes a job out of the `due` index, and every task of it. */
export async function planForgetJob(
  situation: JobSituation,
  { ofJob }: Pick<TaskReads, 'ofJob'>,
): Promise<Plan> {
  const { jobId, job } = situation;
  const steps: Step[] = [];
  if (job !== 'missing' && (job.raw.dueAt ?? undefined) !== undefined)
    steps.push({ change: jobForgotten(jobId, job.raw), before: job.raw });
  let tasks = 0;
  for await (const page of ofJob(jobId))
    for (const found of page) {
      tasks++;
      // What is held of a job of ten thousand tasks: a marker each, no mappings.
      const { dueAt, state } = found.raw;
      if ((dueAt ?? undefined) !== undefined)
        steps.push({ change: taskForgotten(found), before: { dueAt, state } });
    }
  if (job === 'missing' && tasks === 0) return refused(`There is no job ${jobId}, and no task of it.`);
  const [first, ...others] = steps;
  if (first === undefined)
    return nothing(`Neither job ${jobId} nor any task of it is in the index: no pass looks at them.`);
  return planned(
    'No pass looks at any of it again. A recovery does, and puts back what there is something to do about.',
    [
      runningJob(situation)
        ? 'The job is running: nothing ends it any more, not even its deadline.'
        : undefined,
      job !== 'missing' && isJob(job) && isUnsettledFailure(job)
        ? 'The job failed: what is left of its targets stays.'
        : undefined,
      `${countOf(tasks, 'task')}, ${steps.filter(({ change }) => change.table === 'tasks').length} of them in the index.`,
    ],
    first,
    ...others,
  );
}

const left = (state: unknown): string | undefined => {
  if (state === 'Pending') return 'It is Pending: nobody sends it to a worker.';
  if (state === 'InProgress') return 'It is InProgress: nobody notices if its worker is lost.';
  return state === 'Failed' ? 'It failed: targets that are left stay.' : undefined;
};
