import type { RawId } from '../copy-segment/ids.ts';
import { isJob, type JobLookup } from '../copy-segment/job.ts';
import type { CheckPass } from './check-pass.ts';

/** The job, as far as it could be read; reports one that could not. */
export function knownJob(
  { tally, onVerdict }: Pick<CheckPass, 'tally' | 'onVerdict'>,
  jobId: RawId,
  lookup: JobLookup,
): Exclude<JobLookup, 'missing' | { readonly unread: string }> | undefined {
  if (lookup === 'missing') return undefined;
  const key = { jobId: String(jobId) };
  if ('unread' in lookup) {
    tally.jobs.failed++;
    tally.problem({ key, kind: 'failed', reason: `the job could not be read: ${lookup.unread}` });
    return undefined;
  }
  tally.read.jobs++;
  if (!isJob(lookup)) {
    tally.verdicts.malformed++;
    tally.problem({ key, kind: 'malformed', reason: lookup.unreadable });
    onVerdict({ jobId, kind: 'malformed', because: lookup.unreadable });
  }
  return lookup;
}
