import type { RawId } from '../copy-segment/ids.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import type { Pass } from './pass.ts';

/** A job may fail while its tasks are acted on: what was read longer ago is read again. */
const MAX_AGE_MS = 5_000;

/** A pass looks up jobs without end; memory must not grow with them. */
const MAX_KNOWN = 10_000;

/** The jobs under these ids, strongly consistent, as of a few seconds ago at most. */
export type LookUpJobs = (jobIds: Iterable<RawId>) => Promise<ReadonlyMap<RawId, JobLookup>>;

/** Reads each job when the first of its tasks is reached, and keeps it for those that follow. */
export function createJobLookup({ jobs, tally, now }: Pick<Pass, 'jobs' | 'tally' | 'now'>): LookUpJobs {
  let current = new Map<RawId, JobLookup>();
  let since = now();
  return async (jobIds) => {
    const asked = new Set(jobIds);
    if (now() - since > MAX_AGE_MS || current.size > MAX_KNOWN) current = new Map();
    if (current.size === 0) since = now();
    // Whoever asks meanwhile may start afresh.
    const known = current;
    const unknown = [...asked].filter((jobId) => !known.has(jobId));
    if (unknown.length > 0)
      for (const [jobId, job] of await jobs.read(unknown)) {
        known.set(jobId, job);
        if (job !== 'missing' && !('unread' in job)) tally.read.jobs++;
      }
    return new Map([...asked].map((jobId) => [jobId, known.get(jobId) ?? 'missing']));
  };
}
