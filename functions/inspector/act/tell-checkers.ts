import type { RawId } from '../../copy-segment/ids.ts';
import type { Job } from '../../copy-segment/job.ts';
import { jobHasNews } from '../../copy-segment/job-changes.ts';
import type { LanePass } from './lane.ts';
import { writeJobs } from './write-job.ts';

/**
 * A task of these jobs failed, so they will: their checkers are to look now. A job that is due already stays as overdue as
 * it is, which is how a missing checker is noticed; one without a marker has a checker that needs none.
 *
 * @returns the jobs whose marker could not be written
 */
export async function tellCheckers(
  pass: Pick<LanePass, 'write' | 'tally' | 'now' | 'shards'>,
  jobs: readonly Job[],
): Promise<Set<RawId>> {
  const now = pass.now();
  const waiting = new Map(
    jobs.flatMap((job) => (job.dueAt !== undefined && job.dueAt > now ? [[job.jobId, job]] : [])),
  );
  const ends = await writeJobs(
    pass,
    [...waiting.values()].map((job) => jobHasNews(job, now, pass.shards)),
    'woken',
  );
  return new Set([...waiting.keys()].filter((_, index) => ends[index] === 'failed'));
}
