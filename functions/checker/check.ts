import pMap from 'p-map';
import { toCheckedJob } from '../copy-segment/checked-job.ts';
import { compareIds, type RawId } from '../copy-segment/ids.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import { jobPostponedUnread } from '../copy-segment/job-changes.ts';
import type { DueJob } from '../copy-segment/stores.ts';
import { noteUnread } from '../pass/unread-shards.ts';
import { dueWindows } from '../streams/due-windows.ts';
import { slices } from '../streams/slices.ts';
import { writeJob } from './act/change-job.ts';
import { type CheckPass, JOBS_PER_CHUNK, MAX_LOOKS_AT_ONCE } from './check-pass.ts';
import { knownJob } from './known-job.ts';
import { look } from './look.ts';

/**
 * Looks at the jobs that the `due` index says are due, in ascending id. Costs what is due, whatever the tables hold.
 *
 * @returns false if the time ran short
 * @throws the error of the service if no shard of the index can be read at all
 */
export async function check(pass: CheckPass): Promise<boolean> {
  if (pass.time.isOver()) return false;
  const unread: unknown[] = [];
  const windows = dueWindows(
    (shard) => pass.jobs.due(shard, pass.startedAt),
    ({ dueAt }: DueJob) => dueAt,
    noteUnread(pass, 'jobs', unread),
    pass,
  );
  for await (const window of windows) {
    pass.tally.read.dueJobs += window.length;
    const ours = window.filter(({ jobId, state }) => isRequested(pass, jobId) && state !== 'Failed');
    // An index that changes while it is read shows some twice.
    const jobIds = [...new Set(ours.map(({ jobId }) => jobId))].sort(compareIds);
    for (const chunk of slices(jobIds, JOBS_PER_CHUNK)) {
      if (pass.time.isOver()) return false;
      if (!(await lookAt(pass, await pass.jobs.read(chunk)))) return false;
    }
  }
  if (unread.length === pass.shards) throw unread[0];
  return true;
}

const isRequested = ({ request }: Pick<CheckPass, 'request'>, jobId: RawId): boolean =>
  request.jobIds?.has(jobId as bigint) ?? true;

async function lookAt(pass: CheckPass, jobs: ReadonlyMap<RawId, JobLookup>): Promise<boolean> {
  const ends = await pMap(
    jobs,
    async ([jobId, lookup]) => {
      const job = knownJob(pass, jobId, lookup);
      if (job === undefined) return true;
      if ('unreadable' in job) {
        const change = jobPostponedUnread(jobId, job.raw, pass.now(), pass.shards);
        await writeJob(pass, { jobId }, change, 'postponed');
        return true;
      }
      return !pass.time.isOver() && (await look(pass, toCheckedJob(job)));
    },
    { concurrency: MAX_LOOKS_AT_ONCE },
  );
  return ends.every((isDone) => isDone) && !pass.time.signal.aborted;
}
