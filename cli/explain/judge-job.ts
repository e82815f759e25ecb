import { toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { isWorse } from './condition.ts';
import type { Facts } from './facts.ts';
import { conditionOfJob, doomOf, type JobCondition } from './job-condition.ts';
import type { JobInQuestion } from './remedy-of-job.ts';
import type { TaskCondition } from './task-condition.ts';

/** The condition of a job, and what its remedy takes. */
export function judgeJob(facts: Facts): { readonly own: JobCondition; readonly question: JobInQuestion } {
  const { job, survey, tally, now } = facts;
  const known = job !== 'missing' && isJob(job) ? toCheckedJob(job) : undefined;
  const condition = conditionOfJob(job, survey, facts, facts.submittedAt);
  const doom = doomOf(job, survey, now);
  // Its checker sets no marker: only what is late about its tasks tells that nobody looks.
  const isOverlooked =
    doom !== undefined && condition.kind === 'checkPostponed' && isWorseThanWaiting(tally.worst?.condition);
  return {
    own: isOverlooked ? { ...condition, level: 'late' } : condition,
    question: {
      ...facts,
      jobState: known?.state,
      dueAt: known?.dueAt,
      timeoutAt: known?.timeoutAt,
      doom,
    },
  };
}

const isWorseThanWaiting = (condition: TaskCondition | undefined): boolean =>
  condition !== undefined && isWorse(condition.level, 'waiting');
