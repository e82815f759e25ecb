import type { Change } from '../../copy-segment/change.ts';
import type { WriteOutcome } from '../../copy-segment/stores.ts';
import type { Pass } from '../pass.ts';
import type { JobOutcome } from '../report/pass-report.ts';

type WritePass = Pick<Pass, 'write' | 'tally'>;
type JobChange = Change<'jobs'>;

/** Makes one change to a job, and counts how it ended. */
export async function writeJob(
  pass: WritePass,
  change: JobChange,
  done?: JobOutcome,
): Promise<WriteOutcome['kind']> {
  const [end] = await writeJobs(pass, [change], done);
  return end ?? 'failed';
}

/**
 * Makes changes to jobs, one to each, and counts how they ended.
 *
 * @returns the ends, in the order of the changes
 */
export async function writeJobs(
  { write, tally }: WritePass,
  changes: readonly JobChange[],
  done?: JobOutcome,
): Promise<WriteOutcome['kind'][]> {
  if (changes.length === 0) return [];
  const outcomes = await write(changes);
  return changes.map(({ key }, index) => {
    const outcome = outcomes[index];
    if (outcome?.kind === 'done') {
      if (done) tally.jobs[done]++;
    } else if (outcome?.kind === 'conditionFailed') tally.jobs.movedOn++;
    else {
      tally.jobs.failed++;
      const reason = outcome?.reason ?? 'no answer';
      tally.problem({ key: { jobId: String(key.jobId) }, kind: 'failed', reason });
    }
    return outcome?.kind ?? 'failed';
  });
}
