import pMap from 'p-map';
import { type CheckedJob, toCheckedJob } from '../copy-segment/checked-job.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import { compareIds, type RawId } from '../copy-segment/ids.ts';
import { isJob, isRunning } from '../copy-segment/job.ts';
import { slices } from '../streams/slices.ts';
import { type CheckPass, JOBS_PER_CHUNK, MAX_LOOKS_AT_ONCE } from './check-pass.ts';
import { knownJob } from './known-job.ts';
import { look } from './look.ts';

/** The jobs of which a stream says that tasks ended, and whether one of these failed: a hint, which costs a look at most. */
export type EndedTasks = ReadonlyMap<RawId, { readonly hasFailure: boolean }>;

/** How many jobs are watched at once: beyond it, all are forgotten, which costs a few reads. */
const MAX_WATCHED = 10_000;

/**
 * Looks at once at jobs whose tasks ended, instead of when the schedule does: at one with a failure, and at one whose last
 * task seems to be Completed. Nothing tells which completion is the last, so each asks whether a task is left, which
 * costs a read unit as long as one is.
 *
 * @returns false if the time ran short
 */
export async function react(pass: CheckPass): Promise<boolean> {
  const ended: EndedTasks = pass.request.ended ?? new Map();
  for (const chunk of slices([...ended.keys()].sort(compareIds), JOBS_PER_CHUNK)) {
    if (pass.time.isOver()) return false;
    const ends = await pMap(
      await pass.jobs.read(chunk),
      async ([jobId, lookup]) => {
        // What cannot be read is the schedule's to report.
        if (lookup !== 'missing' && 'unreadable' in lookup) return true;
        const job = knownJob(pass, jobId, lookup);
        if (job === undefined || !isJob(job)) return true;
        const checked = toCheckedJob(job);
        const hasFailure = ended.get(jobId)?.hasFailure ?? false;
        if (!(await isWorthALook(pass, checked, hasFailure))) return true;
        return !pass.time.isOver() && (await look(pass, checked));
      },
      { concurrency: MAX_LOOKS_AT_ONCE },
    );
    if (!ends.every((isDone) => isDone) || pass.time.wasCutOff()) return false;
  }
  return true;
}

async function isWorthALook(pass: CheckPass, job: CheckedJob, hasFailure: boolean): Promise<boolean> {
  if (!isRunning(job) || job.state === 'Publishing') {
    pass.watchedTasks.delete(job.jobId);
    return false;
  }
  if (hasFailure) return true;
  // Only its writer knows whether a job without a total has all of its tasks; nor has one that is still being filled.
  if (job.totalTasks === undefined || job.state === 'Pending') return false;
  try {
    return !(await isTaskLeft(pass, job.jobId));
  } catch (error) {
    if (pass.time.wasCutOff()) return false;
    const reason = `its tasks could not be read: ${describeError(error)}`;
    pass.tally.jobs.failed++;
    pass.tally.problem({ key: { jobId: String(job.jobId) }, kind: 'failed', reason });
    return false;
  }
}

/**
 * Whether a task is not Completed. The one that was found last is asked first: tasks stay Completed, so that what is above
 * it need not be read again, and all reactions to a job together read each of its tasks once.
 */
async function isTaskLeft(
  { watchedTasks, lastUnfinished }: Pick<CheckPass, 'watchedTasks' | 'lastUnfinished'>,
  jobId: RawId,
): Promise<boolean> {
  const left = await lastUnfinished(jobId, watchedTasks.get(jobId));
  if (watchedTasks.size >= MAX_WATCHED) watchedTasks.clear();
  if (left === undefined) watchedTasks.delete(jobId);
  else watchedTasks.set(jobId, left);
  return left !== undefined;
}
