import { type CheckedJob, toCheckedJob } from './checked-job.ts';
import type { Breach, Circumstances, Invariant, Restore } from './invariants.ts';
import { isPresent } from './invariants-of-items.ts';
import { isJob, isRunning, type Job } from './job.ts';

/** Section 13 of the contract: what a submit made, and nobody takes apart while the job is kept. */
export const submissionInvariants: readonly Invariant[] = [
  ofSubmission('a running job that was submitted has a marker', function* ({ job, restore: { jobId } }) {
    if (isRunning(job) && job.dueAt === undefined)
      yield { key: { jobId }, reason: `it is ${job.state}, and no check will look at it` };
  }),
  ofSubmission('a job that was filled has all of its tasks', function* ({ job, totalTasks, restore }) {
    const { jobId, tasks, taskCount = tasks.length } = restore;
    const isFilled = job.state !== 'Pending' && job.state !== 'Failed';
    if (taskCount > totalTasks || (isFilled && taskCount < totalTasks))
      yield { key: { jobId }, reason: `it is ${job.state} with ${taskCount} of ${totalTasks} tasks` };
  }),
  ofSubmission('a task has its targets, all of its own job', function* ({ job, restore }) {
    const { jobId, tasks, segments } = restore;
    // What is dropped may be deleted, together with what it is the target of.
    if (job.state === 'Failed') return;
    for (const { key, reading } of tasks)
      for (const segmentId of reading.ok ? reading.value.targetSegmentIds : []) {
        const segment = segments.get(segmentId);
        const reason =
          segment === undefined
            ? 'it does not exist'
            : segment.jobId !== jobId
              ? `it belongs to job ${segment.jobId ?? 'none'}`
              : isPresent(segment.taskId) && segment.taskId !== key.taskId
                ? `it says that it is of task ${segment.taskId}`
                : undefined;
        if (reason !== undefined) yield { key: { jobId, taskId: key.taskId, segmentId }, reason };
      }
  }),
  {
    name: 'a segment of a job is the target of a task',
    *breaches(restore, circumstances): Generator<Breach> {
      const { jobId, job, tasks, segments } = restore;
      if (job !== 'missing' && !isKeptSubmission(job, circumstances)) return;
      if (tasks.some(({ reading }) => !reading.ok || reading.value.unreadableTargets !== undefined)) return;
      const targets = new Set(
        tasks.flatMap(({ reading }) => (reading.ok ? reading.value.targetSegmentIds : [])),
      );
      for (const [segmentId, { jobId: owner, state }] of segments) {
        if (owner !== jobId || targets.has(segmentId)) continue;
        if (job !== 'missing')
          yield { key: { jobId, segmentId }, reason: `it is ${state}, and no task copies it` };
        // The items of a restore that is over expire: what it published stays, and nothing points at it.
        else if (state === 'Importing')
          yield {
            key: { jobId, segmentId },
            reason: 'it is Importing, its job is missing, and no task copies it',
          };
      }
    },
  },
];

interface Submitted extends Circumstances {
  readonly job: CheckedJob;
  readonly totalTasks: number;
  readonly restore: Restore;
}

/** Jobs of other writers have no totals: nothing is known of what they should be made of. */
function ofSubmission(name: string, flaws: (submitted: Submitted) => Iterable<Breach>): Invariant {
  return {
    name,
    *breaches(restore, circumstances): Generator<Breach> {
      if (!isKeptSubmission(restore.job, circumstances)) return;
      const job = toCheckedJob(restore.job);
      if (job.totalTasks !== undefined)
        yield* flaws({ job, totalTasks: job.totalTasks, restore, ...circumstances });
    },
  };
}

/** Whether a job was submitted, and nothing of it has expired. */
function isKeptSubmission(job: Restore['job'], circumstances: Circumstances): job is Job {
  if (job === 'missing' || !isJob(job)) return false;
  const checked = toCheckedJob(job);
  return checked.totalTasks !== undefined && !isExpired(checked, circumstances);
}

/** DynamoDB deletes the items of an expired restore one by one, within days, in any order. */
const isExpired = ({ raw }: CheckedJob, { now }: Circumstances): boolean =>
  isPresent(raw.expiresAt) && Number(raw.expiresAt) * 1_000 <= now;
