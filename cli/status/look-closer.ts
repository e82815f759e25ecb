import pMap from 'p-map';
import { CONCURRENCY } from '../../functions/aws/metered-clients.ts';
import type { createTableReads } from '../../functions/aws/table-reads.ts';
import type { RawId } from '../../functions/copy-segment/ids.ts';
import { submittedAt } from '../explain/gather-facts.ts';
import { conditionOfJob } from '../explain/job-condition.ts';
import { createTaskTally } from '../explain/tally-tasks.ts';
import type { Moment } from '../explain/task-condition.ts';
import { createJobInProgress, type JobInProgress, numberOf } from './job-in-progress.ts';
import type { JobStatus } from './status.ts';

/** Jobs in doubt beyond these are told, and not read. */
export const MAX_JOBS_READ = 20;

/**
 * Jobs whose unfinished tasks the index does not show: what no pass will find is not in it. Every task of them is read, with
 * strong consistency.
 */
export async function lookCloser(
  reads: Pick<ReturnType<typeof createTableReads>, 'tasks'>,
  jobs: ReadonlyMap<RawId, JobInProgress>,
  moment: Moment,
): Promise<ReadonlyMap<RawId, JobStatus>> {
  const looks = await pMap(
    [...jobs].slice(0, MAX_JOBS_READ),
    async ([jobId, { job, status }]) => {
      const tallied = createTaskTally(job, moment);
      const exact = createJobInProgress(jobId, job, moment);
      for await (const page of reads.tasks.ofJob(BigInt(jobId)))
        for (const sighting of page) {
          tallied.add(sighting);
          exact.add(sighting);
        }
      const { survey, lastCreatedAt } = tallied.end();
      const { counters, total, distinctTargets } = survey;
      const raw = job === 'missing' ? {} : job.raw;
      return [
        jobId,
        {
          ...status(),
          tasks: { done: counters.completedTasks, of: numberOf(raw.totalTasks) ?? total },
          segments: { done: counters.completedSegments, of: numberOf(raw.totalSegments) ?? distinctTargets },
          condition: conditionOfJob(job, survey, moment, submittedAt(job, lastCreatedAt)),
          worst: exact.worst(),
        },
      ] as const;
    },
    { concurrency: CONCURRENCY },
  );
  return new Map(looks);
}
