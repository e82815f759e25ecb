import { applied, type Change } from '../../copy-segment/change.ts';
import type { CheckedJob } from '../../copy-segment/checked-job.ts';
import { jobFailed } from '../../copy-segment/checker-job-changes.ts';
import type { RawId } from '../../copy-segment/ids.ts';
import type { CheckPass } from '../check-pass.ts';
import type { CheckOutcome } from '../report/check-report.ts';

type WritePass = Pick<CheckPass, 'write' | 'tally'>;

/**
 * Makes one change to a job, and counts how it ended.
 *
 * @returns whether it was made, lost to somebody else's change, or could not be written
 */
export async function writeJob(
  { write, tally }: WritePass,
  { jobId }: { readonly jobId: RawId },
  change: Change<'jobs'>,
  done: CheckOutcome,
): Promise<'done' | 'movedOn' | 'failed'> {
  const [outcome] = await write([change]);
  if (outcome?.kind === 'done') {
    tally.jobs[done]++;
    return 'done';
  }
  if (outcome?.kind === 'conditionFailed') {
    tally.jobs.movedOn++;
    return 'movedOn';
  }
  tally.jobs.failed++;
  tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason: outcome?.reason ?? 'no answer' });
  return 'failed';
}

/** @returns the job after the change, or undefined if it was not made */
export async function changeJob(
  pass: WritePass,
  job: CheckedJob,
  change: Change<'jobs'>,
  done: CheckOutcome,
): Promise<CheckedJob | undefined> {
  return (await writeJob(pass, job, change, done)) === 'done' ? applied(job, change) : undefined;
}

/** Fails the job, and says so in the report. */
export async function failJob(
  pass: WritePass & Pick<CheckPass, 'now' | 'shards'>,
  job: CheckedJob,
  reason: string,
): Promise<void> {
  const change = jobFailed(job, reason, pass.now(), pass.shards);
  if ((await writeJob(pass, job, change, 'markedFailed')) !== 'done') return;
  pass.tally.problem({ key: { jobId: String(job.jobId) }, kind: 'jobFailed', reason });
}
