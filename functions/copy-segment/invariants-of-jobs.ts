import { isTooFarAhead } from './due-index.ts';
import type { Breach, Invariant, Restore } from './invariants.ts';
import { isNotAsked, isPresent, wrongTimes } from './invariants-of-items.ts';
import { isJob, isUnsettledFailure, type Job } from './job.ts';

const TIMES = ['createdAt', 'timeoutAt', 'completedAt', 'segmentsDroppedAt', 'dueAt'];
const PLACE = ['droppedThroughTaskId', 'droppedPastTaskId', 'undroppedTaskIds'];

export const jobInvariants: readonly Invariant[] = [
  {
    name: 'a job can be read',
    breaches: ({ jobId, job }) =>
      job === 'missing' || isJob(job) ? [] : [{ key: { jobId }, reason: job.unreadable }],
  },
  ofJob('a job that is settled is Failed', (job) =>
    job.segmentsDroppedAt !== undefined && job.state !== 'Failed' ? `it is ${job.state}` : undefined,
  ),
  ofJob('a job that is Completed or settled is out of the index', (job) => {
    const isFinished = job.state === 'Completed' || job.segmentsDroppedAt !== undefined;
    return isFinished && job.dueAt !== undefined ? `it is ${job.state}, with dueAt ${job.dueAt}` : undefined;
  }),
  ofJob('a Failed job that is not settled has a marker', (job) =>
    isUnsettledFailure(job) && job.dueAt === undefined ? 'no pass will drop its targets' : undefined,
  ),
  ofJob('only a Failed job that is not settled has a place', (job) => {
    const place = PLACE.filter((name) => isPresent(job.raw[name]));
    return place.length > 0 && !isUnsettledFailure(job) ? `it has ${place.join(', ')}` : undefined;
  }),
  ofJob('a marker of a job is in a shard that passes ask', (job, { shards }) =>
    isNotAsked(job, shards) ? `its dueShard is ${job.raw.dueShard ?? 'missing'} of ${shards}` : undefined,
  ),
  ofJob('a marker of a job is no further ahead than the longest backoff', (job, { now }) =>
    isTooFarAhead(job, undefined, now) ? `its dueAt is ${job.dueAt}` : undefined,
  ),
  {
    name: 'the times of a job are epoch milliseconds',
    *breaches({ jobId, job }): Generator<Breach> {
      if (job === 'missing') return;
      for (const reason of wrongTimes(job.raw, TIMES)) yield { key: { jobId }, reason };
    },
  },
];

/** @param flaw why it does not hold of a job */
function ofJob(
  name: string,
  flaw: (job: Job, circumstances: Parameters<Invariant['breaches']>[1]) => string | undefined,
): Invariant {
  return {
    name,
    *breaches({ jobId, job }: Restore, circumstances): Generator<Breach> {
      const reason = job !== 'missing' && isJob(job) ? flaw(job, circumstances) : undefined;
      if (reason !== undefined) yield { key: { jobId }, reason };
    },
  };
}
