import type { Survey } from '../../functions/checker/survey.ts';
import { verdictOn } from '../../functions/checker/verdict.ts';
import { type CheckedJob, toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import { isInIndex, isTooFarAhead } from '../../functions/copy-segment/due-index.ts';
import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import { isJob, isRunning, type Job } from '../../functions/copy-segment/job.ts';
import { placeOf } from '../../functions/copy-segment/job-changes.ts';
import { isUnchecked, type KnownJob, verdictOnJob } from '../../functions/inspector/verdict.ts';
import { spanText, timeText } from '../operate/time-text.ts';
import { countOf } from '../terminal/count-of.ts';
import { type Condition, GRACE_MS } from './condition.ts';
import { isWithheldUntil } from './drop-postponed.ts';
import type { Moment } from './task-condition.ts';

export type JobConditionKind =
  | 'missing'
  | 'malformed'
  | 'forgotten'
  | 'completed'
  | 'settled'
  | 'dropping'
  | 'dropPostponed'
  | 'withheld'
  | 'missingMarker'
  | 'wrongShard'
  | 'markerTooFar'
  | 'unchecked'
  | 'submitting'
  | 'unfinishedSubmit'
  | 'publicationCutShort'
  | 'toCheck'
  | 'checkPostponed'
  | 'waitingForTasks';

export type JobCondition = Condition<JobConditionKind>;

/**
 * Why a job is where it is: the verdicts of inspector and checker on it, and whether a pass will find it.
 *
 * @param tasks what its tasks come to; undefined: nobody read them, and the checker's verdict is not known
 * @param submittedAt when its submit last wrote a task or the job, epoch milliseconds, if that is known
 */
export function conditionOfJob(
  job: KnownJob,
  tasks: Survey | undefined,
  moment: Moment,
  submittedAt?: number,
): JobCondition {
  const { now, shards } = moment;
  if (job === 'missing') return { kind: 'missing', level: 'stuck', because: 'there is no such job' };
  if (!isJob(job))
    return isPresent(job.raw.dueAt)
      ? { kind: 'malformed', level: 'stuck', because: job.unreadable }
      : { kind: 'forgotten', level: 'fine', because: `${job.unreadable}; it is out of the index` };
  const inspector = verdictOnJob(job, now);
  if (inspector.kind === 'rest')
    return {
      kind: job.state === 'Failed' ? 'settled' : 'completed',
      level: 'fine',
      because: inspector.because,
    };
  return (
    flawOfMarker(toCheckedJob(job), moment) ??
    (isRunning(job)
      ? conditionOfRunning(toCheckedJob(job), tasks, moment, submittedAt)
      : isInIndex(job, shards) && (job.dueAt ?? now) <= now
        ? { kind: 'dropping', level: 'late', because: inspector.because }
        : postponedDrops(job, tasks, now))
  );
}

/** A Failed job that is not due: a pass put its drops off, or whoever failed it left the marker as it was. */
function postponedDrops(job: Job, tasks: Survey | undefined, now: number): JobCondition {
  const { dropAttempts, dueAt = now } = job;
  // A pass that only met what cannot be read has gone past every task.
  const isCutShort = dropAttempts === undefined || (tasks !== undefined && hasTasksAhead(job, tasks));
  if (isCutShort && isWithheldUntil(dueAt, job.raw.completedAt, now))
    return {
      kind: 'withheld',
      level: 'late',
      because: `it failed, and its drops are withheld until ${timeText(dueAt)}: a pass had dropped as many segments as it may`,
    };
  if (dropAttempts !== undefined)
    return {
      kind: 'dropPostponed',
      level: 'stuck',
      because: `only what cannot be read keeps it unsettled, after ${countOf(dropAttempts, 'attempt')}`,
    };
  return {
    kind: 'markerTooFar',
    level: 'stuck',
    because: `it failed, and its dueAt is ${timeText(dueAt)}: whoever failed it did not make it due`,
  };
}

function hasTasksAhead(job: Job, { targets: { taskIds } }: Survey): boolean {
  const { through, past } = placeOf(job);
  const reached = past ?? through;
  return taskIds.length > 0 && (reached === undefined || taskIds.at(taskIds.length - 1) > reached);
}

function flawOfMarker(job: CheckedJob, { now, shards }: Moment): JobCondition | undefined {
  const { state, dueAt, dueShard, totalTasks } = job;
  // A running job that nobody submitted has a checker of its own, which may know nothing of markers.
  if (dueAt === undefined && isRunning(job) && totalTasks === undefined) return undefined;
  if (dueAt === undefined)
    return {
      kind: 'missingMarker',
      level: 'stuck',
      because: `it is ${state} and has no dueAt: no pass will find it`,
    };
  if (!isInIndex(job, shards))
    return {
      kind: 'wrongShard',
      level: 'stuck',
      because: `its dueShard is ${dueShard ?? 'missing'}: passes ask 0 to ${shards - 1}, and never find it`,
    };
  return isTooFarAhead(job, undefined, now)
    ? {
        kind: 'markerTooFar',
        level: 'stuck',
        because: `its dueAt is ${dueAt}: further ahead than any backoff`,
      }
    : undefined;
}

/** Why the next check fails a job whose tasks may still be copied: its restore is lost. */
export function doomOf(job: KnownJob, tasks: Survey, now: number): string | undefined {
  if (job === 'missing' || !isJob(job) || !isRunning(job) || job.state === 'Publishing') return undefined;
  const verdict = verdictOn(toCheckedJob(job), tasks, now);
  return verdict.kind === 'fail' ? verdict.because : undefined;
}

function conditionOfRunning(
  job: CheckedJob,
  tasks: Survey | undefined,
  moment: Moment,
  submittedAt: number | undefined,
): JobCondition {
  const { now } = moment;
  if (tasks === undefined)
    return isUnchecked(job, now)
      ? { kind: 'unchecked', level: 'late', because: verdictOnJob(job, now).because }
      : { kind: 'waitingForTasks', level: 'waiting', because: `it is ${job.state}` };
  const { kind, because, malformed } = verdictOn(job, tasks, now);
  const isDue = job.dueAt !== undefined && job.dueAt <= now;
  const isUnmarked = job.dueAt === undefined;
  if (malformed !== undefined) return { kind: 'malformed', level: 'stuck', because: malformed };
  if (isUnchecked(job, now))
    return { kind: 'unchecked', level: 'late', because: verdictOnJob(job, now).because };
  if (isUnmarked && kind !== 'wait')
    return {
      kind: 'checkPostponed',
      level: 'waiting',
      because: `its checker, which sets no marker, has to ${kind} it: ${because}`,
    };
  if (kind === 'publishOn')
    return {
      kind: 'publicationCutShort',
      level: 'late',
      because:
        job.publishedThroughTaskId === undefined
          ? 'its publication has begun, and no task of it is done'
          : `its publication was cut short after task ${job.publishedThroughTaskId}`,
    };
  if (kind === 'wait')
    return job.state === 'Pending'
      ? conditionOfSubmit(because, submittedAt, now)
      : { kind: 'waitingForTasks', level: 'waiting', because };
  return isDue
    ? { kind: 'toCheck', level: 'late', because: `the next check would ${kind} it: ${because}` }
    : {
        kind: 'checkPostponed',
        level: 'waiting',
        because: `the check that is due will ${kind} it: ${because}`,
      };
}

function conditionOfSubmit(because: string, submittedAt: number | undefined, now: number): JobCondition {
  if (submittedAt === undefined) return { kind: 'unfinishedSubmit', level: 'stuck', because };
  const last = spanText(Math.max(0, now - submittedAt));
  return submittedAt > now - GRACE_MS
    ? { kind: 'submitting', level: 'waiting', because: `${because}; its submit wrote the last ${last} ago` }
    : {
        kind: 'unfinishedSubmit',
        level: 'stuck',
        because: `${because}; its submit wrote nothing for ${last}`,
      };
}
