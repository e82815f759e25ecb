import type { Survey } from '../../functions/checker/survey.ts';
import type { Job } from '../../functions/copy-segment/job.ts';
import { placeOf } from '../../functions/copy-segment/job-changes.ts';
import { timeText } from '../operate/time-text.ts';
import { countOf } from '../terminal/count-of.ts';
import { isWithheldUntil } from './drop-postponed.ts';
import type { JobCondition } from './job-condition.ts';

/** A Failed job that is not due: a pass put its drops off, or whoever failed it left the marker as it was. */
export function postponedDrops(job: Job, tasks: Survey | undefined, now: number): JobCondition {
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
