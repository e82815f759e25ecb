import { isId } from '../../functions/copy-segment/ids.ts';
import { type Breach, INVARIANTS, type Invariant } from '../../functions/copy-segment/invariants.ts';
import { isJob, isRunning } from '../../functions/copy-segment/job.ts';
import { isDispatchable } from '../../functions/copy-segment/task.ts';

/** What the contract allows, and an operator wants to know of. */
const QUESTIONABLE: readonly Invariant[] = [
  {
    name: 'a task that is not over has a job',
    *breaches({ job, tasks }): Generator<Breach> {
      if (job !== 'missing') return;
      for (const { key, reading } of tasks)
        if (reading.ok && (reading.value.state === 'Pending' || reading.value.state === 'InProgress'))
          yield { key, reason: `it is ${reading.value.state}, its job is missing, and nobody copies it` };
    },
  },
  {
    name: 'a task that is InProgress has a lease',
    *breaches({ job, tasks }): Generator<Breach> {
      if (job === 'missing' || !isJob(job) || !isRunning(job)) return;
      for (const { key, reading } of tasks) {
        const task = reading.ok ? reading.value : undefined;
        if (task?.state === 'InProgress' && isDispatchable(task) && task.leaseExpiresAt === undefined)
          yield { key, reason: 'nobody notices if its worker is lost' };
      }
    },
  },
  {
    // A job that was submitted has an invariant for it, except once it failed.
    name: 'a target belongs to no other job',
    *breaches({ jobId, job, tasks, segments }): Generator<Breach> {
      const isSubmitted = job !== 'missing' && isJob(job) && typeof job.raw.totalTasks === 'bigint';
      if (isSubmitted && job.state !== 'Failed') return;
      for (const { key, reading } of tasks)
        for (const segmentId of reading.ok ? reading.value.targetSegmentIds : []) {
          const owner = segments.get(segmentId)?.jobId;
          if (isId(owner) && owner !== jobId)
            yield { key: { ...key, segmentId }, reason: `it belongs to job ${owner}` };
        }
    },
  },
];

/** The invariants of the contract, and what else is worth a look. */
export const AUDITED: readonly Invariant[] = [...INVARIANTS, ...QUESTIONABLE];
