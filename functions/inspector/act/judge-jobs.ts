import pMap from 'p-map';
import { needsPostponing } from '../../copy-segment/due-index.ts';
import type { RawId } from '../../copy-segment/ids.ts';
import { isJob, type Job, type JobLookup } from '../../copy-segment/job.ts';
import { jobPostponedUnread, jobRested, uncheckedPostponed } from '../../copy-segment/job-changes.ts';
import { markerOf } from '../../copy-segment/marker.ts';

import { type JobVerdictKind, verdictOnJob } from '../verdict.ts';
import { dropAll } from './drop-all.ts';
import type { JobPass } from './lane.ts';
import { writeJob } from './write-job.ts';

/** Failed jobs at once; each of them keeps up to a hundred tasks' targets in flight. */
const MAX_JOBS_AT_ONCE = 4;

/** Carries out the verdict on a job. @returns false if the time ran short */
type JobLane = (pass: JobPass, job: Job, because: string) => Promise<boolean>;

/** Who carries out which verdict on a job. */
const LANES: Readonly<Record<JobVerdictKind, JobLane>> = {
  dropAll,
  async rest(pass, job, because) {
    if (job.dueAt !== undefined) await writeJob(pass, jobRested(job, because), 'rested');
    return true;
  },
  async leave() {
    return true;
  },
  async unchecked(pass, job, because) {
    pass.tally.problem({ key: { jobId: String(job.jobId) }, kind: 'unchecked', reason: because });
    await writeJob(pass, uncheckedPostponed(job, pass.now(), pass.shards), 'unchecked');
    return true;
  },
};

/**
 * Judges jobs, and carries out the verdicts.
 *
 * @param jobs as read from the table, strongly consistent
 * @returns the jobs left unfinished when time ran out
 */
export async function judgeJobs(pass: JobPass, jobs: ReadonlyMap<RawId, JobLookup>): Promise<RawId[]> {
  const unfinished: RawId[] = [];
  await pMap(
    jobs,
    async ([jobId, job]) => {
      if (!(await judgeJob(pass, jobId, job))) unfinished.push(jobId);
    },
    { concurrency: MAX_JOBS_AT_ONCE },
  );
  return unfinished;
}

async function judgeJob(pass: JobPass, jobId: RawId, job: JobLookup): Promise<boolean> {
  if (job === 'missing') return true;
  if (isJob(job)) {
    const { kind, because } = verdictOnJob(job, pass.now());
    if (kind === 'dropAll' || job.dueAt !== undefined) pass.onVerdict({ jobId, kind, because });
    return LANES[kind](pass, job, because);
  }
  const key = { jobId: String(jobId) };
  if ('unread' in job) {
    pass.tally.jobs.failed++;
    pass.tally.problem({ key, kind: 'failed', reason: `the job could not be read: ${job.unread}` });
    return true;
  }
  pass.tally.jobs.malformed++;
  pass.tally.problem({ key, kind: 'malformed', reason: job.unreadable });
  pass.onVerdict({ jobId, kind: 'malformed', because: job.unreadable });
  const now = pass.now();
  if (needsPostponing(markerOf(job.raw), now, pass.shards))
    await writeJob(pass, jobPostponedUnread(jobId, job.raw, now, pass.shards), 'postponed');
  return true;
}
