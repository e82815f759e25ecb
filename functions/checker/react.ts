import pMap from 'p-map';
import { type CheckedJob, toCheckedJob } from '../copy-segment/checked-job.ts';
import { jobSeemsDone } from '../copy-segment/checker-job-changes.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import { compareIds, type RawId } from '../copy-segment/ids.ts';
import { isJob } from '../copy-segment/job.ts';
import { slices } from '../streams/slices.ts';
import { writeJob } from './act/change-job.ts';
import { type CheckPass, JOBS_PER_CHUNK, MAX_LOOKS_AT_ONCE, type WatchedTasks } from './check-pass.ts';
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
        return reactTo(pass, toCheckedJob(job), ended.get(jobId)?.hasFailure ?? false);
      },
      { concurrency: MAX_LOOKS_AT_ONCE },
    );
    if (!ends.every((isDone) => isDone) || pass.time.wasCutOff()) return false;
  }
  return true;
}

async function reactTo(pass: CheckPass, job: CheckedJob, hasFailure: boolean): Promise<boolean> {
  switch (hasFailure && isToBeDone(job) ? 'now' : await whenToLook(pass, job)) {
    case 'now':
      pass.watchedTasks.delete(job.jobId);
      return !pass.time.isOver() && look(pass, job);
    case 'in a minute':
      await writeJob(pass, job, jobSeemsDone(job, pass.now(), pass.shards), 'marked');
      return true;
    case 'not yet':
      return true;
  }
}

const isToBeDone = ({ state }: CheckedJob): boolean => state === 'Pending' || state === 'Executing';

async function whenToLook(pass: CheckPass, job: CheckedJob): Promise<'now' | 'in a minute' | 'not yet'> {
  const { jobId, state, totalTasks, dueAt } = job;
  if (!isToBeDone(job)) {
    pass.watchedTasks.delete(jobId);
    return 'not yet';
  }
  // It is not started without them.
  if (state === 'Pending' && totalTasks === undefined) return 'not yet';
  try {
    const { unfinished, completedThrough } = await watch(pass, jobId);
    if (unfinished !== undefined) return 'not yet';
    // Only its writer knows whether these are all. One that is due stays so: it is about to be looked at.
    if (totalTasks === undefined)
      return dueAt === undefined || dueAt > pass.now() ? 'in a minute' : 'not yet';
    // It is being filled, by a submit, which counts its tasks from 1 on. The last of them may end before the job is sealed.
    if (state === 'Pending' && completedThrough !== BigInt(totalTasks)) return 'not yet';
    return 'now';
  } catch (error) {
    if (pass.time.wasCutOff()) return 'not yet';
    const reason = `its tasks could not be read: ${describeError(error)}`;
    pass.tally.jobs.failed++;
    pass.tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason });
    return 'not yet';
  }
}

/**
 * Finds out whether a task is not Completed. The one that was found last is asked first, then what was created above it:
 * tasks stay Completed, so that all reactions to a job together read each of its tasks once.
 */
async function watch(
  { watchedTasks, lastUnfinished }: Pick<CheckPass, 'watchedTasks' | 'lastUnfinished'>,
  jobId: RawId,
): Promise<WatchedTasks> {
  const before = watchedTasks.get(jobId) ?? {};
  let seen = before;
  if (before.unfinished !== undefined) {
    const { unfinished } = await lastUnfinished(jobId, {
      above: before.completedThrough,
      upTo: before.unfinished,
    });
    seen = unfinished === undefined ? { completedThrough: before.unfinished } : { ...before, unfinished };
  }
  if (seen.unfinished === undefined) {
    const { unfinished, highest } = await lastUnfinished(jobId, { above: seen.completedThrough });
    seen =
      unfinished === undefined
        ? { completedThrough: highest ?? seen.completedThrough }
        : { ...seen, unfinished };
  }
  if (watchedTasks.size >= MAX_WATCHED) watchedTasks.clear();
  watchedTasks.set(jobId, seen);
  return seen;
}
