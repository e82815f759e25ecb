import type { Breach, Invariant, Restore } from './invariants.ts';
import { isPresent } from './invariants-of-items.ts';
import { isJob } from './job.ts';

/**
 * How far the clocks of two parties, and the start and the end of one write, may lie apart: longer than any function of
 * this project runs.
 */
const CLOCK_SLACK_MS = 15 * 60_000;

/** Section 13 of the contract: visible are all targets of a job, or none in the end. */
export const publicationInvariants: readonly Invariant[] = [
  {
    name: 'a target is published only while its job is Publishing',
    *breaches({ jobId, job, segments }): Generator<Breach> {
      if (job === 'missing' || !isJob(job)) return;
      const failedAt = job.state === 'Failed' ? job.completedAt : undefined;
      for (const [segmentId, { state, publishedAt, jobId: owner }] of segments) {
        if (owner !== jobId || !isPresent(publishedAt)) continue;
        if (job.state === 'Pending' || job.state === 'Executing')
          yield { key: { jobId, segmentId }, reason: `it is ${state}, and its job is ${job.state}` };
        else if (failedAt !== undefined && Number(publishedAt) > failedAt + CLOCK_SLACK_MS)
          yield {
            key: { jobId, segmentId },
            reason: `it was published at ${publishedAt}, and its job failed at ${failedAt}`,
          };
      }
    },
  },
  {
    name: 'a Completed job has no task that is not Completed',
    *breaches({ jobId, job, tasks }): Generator<Breach> {
      if (!isCompleted(job)) return;
      for (const { key, reading } of tasks)
        if (reading.ok && reading.value.state !== 'Completed')
          yield { key: { jobId, taskId: key.taskId }, reason: `it is ${reading.value.state}` };
    },
  },
  {
    name: 'a Completed job has no target that is not Flushed',
    *breaches({ jobId, job, tasks, segments }): Generator<Breach> {
      if (!isCompleted(job)) return;
      const targets = tasks.flatMap(({ reading }) => (reading.ok ? reading.value.targetSegmentIds : []));
      for (const segmentId of targets) {
        const segment = segments.get(segmentId);
        // One of older writers has no owner: it is the job's that names it.
        if (segment && (segment.jobId ?? jobId) === jobId && segment.state !== 'Flushed')
          yield { key: { jobId, segmentId }, reason: `it is ${segment.state}` };
      }
    },
  },
];

const isCompleted = (job: Restore['job']): boolean =>
  job !== 'missing' && isJob(job) && job.state === 'Completed';
