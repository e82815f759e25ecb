import type { Change } from '../../copy-segment/change.ts';
import type { RawId } from '../../copy-segment/ids.ts';
import type { WriteOutcome } from '../../copy-segment/stores.ts';
import type { Pass } from '../pass.ts';
import type { JobOutcome } from '../report/pass-report.ts';

/** Makes one change to a job, and counts how it ended. */
export async function writeJob(
  { write, tally }: Pick<Pass, 'write' | 'tally'>,
  { jobId }: { readonly jobId: RawId },
  change: Change<'jobs'>,
  done?: JobOutcome,
): Promise<WriteOutcome['kind']> {
  const [outcome] = await write([change]);
  if (outcome?.kind === 'done') {
    if (done) tally.jobs[done]++;
  } else if (outcome?.kind === 'conditionFailed') tally.jobs.movedOn++;
  else {
    tally.jobs.failed++;
    tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason: outcome?.reason ?? 'no answer' });
  }
  return outcome?.kind ?? 'failed';
}
