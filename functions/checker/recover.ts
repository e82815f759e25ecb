import pMap from 'p-map';
import { type CheckedJob, toCheckedJob } from '../copy-segment/checked-job.ts';
import { jobMarked, MIN_WAIT_MS } from '../copy-segment/checker-job-changes.ts';
import { isInIndex, isTooFarAhead } from '../copy-segment/due-index.ts';
import type { RawId } from '../copy-segment/ids.ts';
import { isRunning } from '../copy-segment/job.ts';
import { TemporaryError } from '../copy-segment/stores.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { slices } from '../streams/slices.ts';
import { writeJob } from './act/change-job.ts';
import { type CheckPass, JOBS_PER_CHUNK } from './check-pass.ts';
import { knownJob } from './known-job.ts';

/** Requests at once: each writes the marker of one job. */
const MAX_MARKS_AT_ONCE = 8;

/**
 * Walks Jobs instead of the index and gives every running job a marker that has none, or a wrong one: the next check
 * looks at it. A recovery that is repeated passes over those that have one by then.
 *
 * @returns false if the time ran short
 */
export async function recover(pass: CheckPass): Promise<boolean> {
  try {
    for await (const jobIds of readAhead(pagesOf(pass)))
      for (const chunk of slices(jobIds, JOBS_PER_CHUNK)) {
        if (pass.time.isOver()) return false;
        await markThose(pass, chunk);
      }
  } catch (error) {
    if (!(error instanceof TemporaryError) || pass.time.wasCutOff()) throw error;
    pass.tally.problem({ key: { part: 'scan' }, kind: 'failed', reason: error.message });
  }
  return !pass.time.wasCutOff();
}

async function* pagesOf({ jobs, request, time }: CheckPass): AsyncGenerator<readonly RawId[]> {
  if (time.isOver()) return;
  if (request.jobIds) yield [...request.jobIds];
  else for await (const { jobIds } of jobs.ids()) yield jobIds;
}

async function markThose(pass: CheckPass, jobIds: readonly RawId[]): Promise<void> {
  await pMap(
    await pass.jobs.read(jobIds),
    async ([jobId, lookup]) => {
      const job = knownJob(pass, jobId, lookup);
      if (job === undefined || 'unreadable' in job || !isRunning(job)) return;
      const checked = toCheckedJob(job);
      const now = pass.now();
      if (isMarkedRight(checked, now, pass.shards)) return;
      pass.onVerdict({ jobId, kind: 'mark', because: 'no check would look at it in time' });
      await writeJob(pass, job, jobMarked(job, now, pass.shards), 'marked');
    },
    { concurrency: MAX_MARKS_AT_ONCE },
  );
}

/** Whether a check finds the job, and in time: a marker past the deadline, or too far ahead, hides it. */
const isMarkedRight = (job: CheckedJob, now: number, shards: number): boolean =>
  isInIndex(job, shards) &&
  !isTooFarAhead(job, undefined, now) &&
  !(
    job.dueAt !== undefined &&
    job.timeoutAt !== undefined &&
    job.dueAt > Math.max(job.timeoutAt, now + MIN_WAIT_MS)
  );
