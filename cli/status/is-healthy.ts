import { type Condition, GRACE_MS, isWorse } from '../explain/condition.ts';
import type { ScheduleFacts } from '../explain/facts.ts';
import { spanText } from '../operate/time-text.ts';
import { rateMs } from '../schedule/rate-ms.ts';
import type { JobStatus, LastPass, Status } from './status.ts';

/** What is wrong with a deployment, in a few words each; empty if it is healthy. */
export function ailmentsOf({ at, environment, due, jobs, signals }: Status): string[] {
  const { queue, inspectorSchedule, checkerSchedule } = environment;
  const schedules = [inspectorSchedule, checkerSchedule];
  const isPaused = schedules.some((schedule) => schedule.kind === 'read' && !schedule.isOn);
  const isMissing = schedules.some(({ kind }) => kind === 'missing');
  const stuck = jobs.filter(isStuck).length;
  const ailments = [
    due.oldest !== undefined && due.oldest < at - GRACE_MS && 'passes do not do what is due',
    isPaused && 'a schedule is paused',
    isMissing && 'a schedule does not exist',
    ...ailmentsOfLast('pass', signals.lastPass, inspectorSchedule, at),
    ...ailmentsOfLast('check', signals.lastCheck, checkerSchedule, at),
    queue.kind === 'missing' && 'the queue does not exist',
    queue.kind === 'read' && (queue.deadLetters ?? 0) > 0 && 'there are dead letters',
    (signals.alarms?.on.length ?? 0) > 0 && 'alarms are on (RUNBOOK.md says what to do)',
    (signals.failedPasses ?? 0) + (signals.failedChecks ?? 0) > 0 && 'invocations failed',
    stuck > 0 && `${stuck === 1 ? 'a job is' : `${stuck} jobs are`} stuck`,
  ];
  return ailments.filter((ailment) => ailment !== false);
}

/** A schedule that is rarer than this, in milliseconds, is no sign of anything when it makes no passes. */
const MAX_RATE_MS = 5 * 60_000;

/** One that failed is wrong, and so is none where the schedule should have made several; one that is not complete is continued. */
function ailmentsOfLast(
  what: string,
  last: LastPass | undefined,
  schedule: ScheduleFacts,
  at: number,
): (string | false)[] {
  const isExpected =
    schedule.kind === 'read' &&
    schedule.isOn &&
    (rateMs(schedule.rate) ?? Number.POSITIVE_INFINITY) <= MAX_RATE_MS &&
    (schedule.changedAt ?? 0) < at - MAX_RATE_MS - GRACE_MS;
  return [
    last?.kind === 'failed' && `the last ${what} failed`,
    last?.kind === 'none' && isExpected && `no ${what} was made in ${spanText(last.withinMs)}`,
  ];
}

/** Whether nobody but an operator will move it. */
export const isStuck = ({ condition, worst }: JobStatus): boolean =>
  [condition, worst?.condition].some((one) => one?.level === 'stuck');

/** The worse of what a job and its tasks are in. */
export const worstOf = ({ condition, worst }: JobStatus): Condition<string> & { readonly count?: number } =>
  worst !== undefined && (condition.kind === 'missing' || isWorseThanJob(worst.condition, condition))
    ? { ...worst.condition, count: worst.count }
    : condition;

/** What holds a job up is rather said of its tasks: many of them may be as bad. */
const isWorseThanJob = (task: Condition<string>, job: Condition<string>): boolean =>
  job.level === 'waiting' ||
  (job.level === 'fine' && task.level !== 'fine') ||
  isWorse(task.level, job.level);
