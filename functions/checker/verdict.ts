import type { CheckedJob } from '../copy-segment/checked-job.ts';
import type { Survey } from './survey.ts';

/** What a check does about a job, and why. */
export type CheckVerdict = {
  readonly because: string;
  /** Why it can be neither started nor published. */
  readonly malformed?: string;
} & (
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'start' | 'publish' | 'publishOn' | 'wait' | 'leave' | 'untouched' }
);
export type CheckVerdictKind = CheckVerdict['kind'];

export const TIMEOUT = 'timeout';
export const TIMEOUT_WHILE_PUBLISHING = 'timeout while publishing';

/**
 * The checker's rule, without clock, SDK or environment; its rows in the order of the contract.
 *
 * @param job strongly consistent
 * @param tasks what all of its tasks come to, strongly consistent and read after the job; of a job that is over they are
 *   not asked
 * @param now epoch milliseconds
 */
export function verdictOn(job: CheckedJob, tasks: Survey, now: number): CheckVerdict {
  const { state, totalTasks } = job;
  if (state === 'Completed') return { kind: 'leave', because: 'the job is Completed' };
  if (state === 'Failed') return { kind: 'untouched', because: 'the job failed: it is the inspector’s' };

  if (state !== 'Publishing' && tasks.failed > 0) {
    const reason = `${tasks.failed}/${totalTasks ?? tasks.total} tasks failed: ${tasks.firstFailure}`;
    return { kind: 'fail', reason, because: reason };
  }

  const malformed = flawsOf(job, tasks).join('; ');
  if (malformed === '') {
    if (state === 'Pending' && totalTasks !== undefined && totalTasks >= 1 && tasks.total === totalTasks)
      return { kind: 'start', because: `all ${totalTasks} tasks are there` };
    if (state === 'Executing' && isAllDone(job, tasks))
      return { kind: 'publish', because: `all ${tasks.total} tasks are Completed` };
    if (state === 'Publishing') return { kind: 'publishOn', because: 'the job is Publishing' };
  }

  const flawed = malformed === '' ? {} : { malformed };
  if (isPastDeadline(job, now)) {
    const reason = state === 'Publishing' ? TIMEOUT_WHILE_PUBLISHING : TIMEOUT;
    return { kind: 'fail', reason, because: reason, ...flawed };
  }
  return { kind: 'wait', because: malformed === '' ? progressOf(job, tasks) : malformed, ...flawed };
}

export const isPastDeadline = ({ timeoutAt }: CheckedJob, now: number): boolean =>
  timeoutAt !== undefined && now >= timeoutAt;

/** A job of another writer has no totals: its tasks are all there are. */
const isAllDone = ({ totalTasks }: CheckedJob, { total, counters }: Survey): boolean =>
  total >= 1 && counters.completedTasks === total && (totalTasks === undefined || total === totalTasks);

/** What makes it unsafe to start the job, or to publish its targets. */
function flawsOf(job: CheckedJob, tasks: Survey): string[] {
  const { state, totalTasks, totalSegments } = job;
  const flaws = [...(job.flaws === undefined ? [] : [job.flaws]), ...tasks.flaws];
  if (totalTasks !== undefined && tasks.total > totalTasks)
    flaws.push(`there are ${tasks.total} tasks, totalTasks is ${totalTasks}`);
  const isToBePublished = state === 'Publishing' || (state === 'Executing' && isAllDone(job, tasks));
  if (isToBePublished && totalTasks !== undefined && tasks.distinctTargets !== totalSegments)
    flaws.push(
      `its tasks have ${tasks.distinctTargets} targets, totalSegments is ${totalSegments ?? 'missing'}`,
    );
  // Only a job whose tasks were all Completed gets here; if one no longer is, its targets may be half copied.
  if (state === 'Publishing' && !isAllDone(job, tasks))
    flaws.push(`the job is Publishing, but ${tasks.firstUnfinished ?? `${tasks.total} tasks are there`}`);
  return flaws;
}

const progressOf = ({ state, totalTasks }: CheckedJob, { total, counters }: Survey): string => {
  const of = totalTasks ?? total;
  return state === 'Pending'
    ? `${total} of ${totalTasks ?? 'unknown'} tasks are there`
    : `${counters.completedTasks} of ${of} tasks are Completed`;
};
