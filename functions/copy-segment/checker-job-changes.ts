import type { Change } from './change.ts';
import { changedJob } from './changed-job.ts';
import type { CheckedJob } from './checked-job.ts';
import { backoffMs } from './due-index.ts';
import type { Job } from './job.ts';
import { jobHasNews } from './job-changes.ts';
import { due } from './marker.ts';
import { COMPLETED_JOB_TTL_S } from './submission.ts';
import { truncate } from './truncate.ts';

/**
 * What the checker, and an operator, change about a job, and what that does to its marker. Each change holds on the
 * condition that the job is in the state that was read.
 */
type JobChange = Change<'jobs'>;

/** The soonest that a job is looked at again which nobody has news of. */
export const MIN_WAIT_MS = 60_000;

/** Others write into a reason what they like, and it is copied into every target that is dropped. */
const MAX_REASON_LENGTH = 300;

/** What the tasks of a job say of its progress; on the job these are hints. */
export interface Counters {
  readonly completedTasks: number;
  readonly completedSegments: number;
  readonly copiedBytes: number;
}

/** Pending → Executing: all of its tasks are there. */
export const jobStarted = (job: Job, now: number, shards: number): JobChange => ({
  ...changedJob(job),
  set: { state: 'Executing', ...due(job.jobId, job, now, shards) },
  action: { what: 'started', because: 'all of its tasks are there' },
});

/** Failed, for good: workers stop at their next heartbeat, the inspector drops every target. */
export const jobFailed = (job: Job, reason: string, now: number, shards: number): JobChange => ({
  ...changedJob(job),
  set: {
    state: 'Failed',
    reason: truncate(reason, MAX_REASON_LENGTH),
    completedAt: now,
    ...due(job.jobId, job, now, shards),
  },
  action: { what: 'failed', because: truncate(reason, MAX_REASON_LENGTH) },
});

/**
 * Failed, because an operator wants it so.
 *
 * @param who whoever cancels it
 * @returns undefined for a job that cannot be cancelled: it is over, or its segments are being published
 */
export const jobCancelled = (job: Job, who: string, now: number, shards: number): JobChange | undefined =>
  job.state === 'Pending' || job.state === 'Executing'
    ? jobFailed(job, `cancelled by ${who}`, now, shards)
    : undefined;

/** Executing → Publishing: from here on its segments become visible. */
export const publicationBegun = (job: Job, counters: Counters, now: number, shards: number): JobChange => ({
  ...changedJob(job),
  set: { state: 'Publishing', ...counters, ...due(job.jobId, job, now, shards) },
  action: { what: 'publishing', because: 'all of its tasks are Completed' },
});

/**
 * Still Publishing, and where this publication left it: the fence that each of its transactions holds on. Of several
 * checkers that publish a job, one does.
 */
export const publishing = (job: CheckedJob): JobChange => changedJob(job, 'publishedThroughTaskId');

/** Every target of its tasks up to this one is Flushed; holds on the same fence. */
export const publishedThrough = (job: CheckedJob, taskId: bigint): JobChange => ({
  ...publishing(job),
  set: { publishedThroughTaskId: taskId },
  action: { what: 'advanced', because: 'the publication of the job has come this far' },
});

/** Publishing → Completed: every target is Flushed. */
export const jobCompleted = (job: CheckedJob, now: number): JobChange => ({
  ...changedJob(job),
  set: {
    state: 'Completed',
    completedAt: now,
    expiresAt: Math.floor(now / 1_000) + COMPLETED_JOB_TTL_S,
  },
  remove: ['dueAt', ...(['publishedThroughTaskId'] as const).filter((name) => job.raw[name] !== undefined)],
  action: { what: 'completed', because: 'every target of its tasks is Flushed' },
});

/**
 * The next look at a job that was looked at in vain: 15 minutes, doubling with each vain look, at most 6 hours; never
 * past the deadline, and never before a minute is over.
 *
 * @param looks how often it was looked at in vain, this time included
 */
export const nextLookAt = ({ timeoutAt }: CheckedJob, looks: number, now: number): number =>
  Math.max(now + MIN_WAIT_MS, Math.min(now + backoffMs(looks), timeoutAt ?? Number.POSITIVE_INFINITY));

/** What a look in vain leaves behind. */
export interface VainLook {
  readonly looks: number;
  /** Left out: hints came in meanwhile, which know better. */
  readonly counters?: Counters;
}

/**
 * Nothing to do yet. Whoever has news sets the marker: this holds only on the marker, and the counters, that were read,
 * or the news would be overwritten.
 */
export const jobWaited = (
  job: CheckedJob,
  { looks, counters }: VainLook,
  now: number,
  shards: number,
): JobChange => ({
  ...changedJob(
    job,
    'dueAt',
    ...(counters ? (['completedTasks', 'completedSegments', 'copiedBytes'] as const) : []),
  ),
  set: { ...counters, looks, ...due(job.jobId, job, nextLookAt(job, looks, now), shards) },
  action: { what: 'postponed', because: 'there is nothing to do yet' },
});

/** A running job that no check would find, or find too late, gets a marker. */
export const jobMarked = (job: Job, now: number, shards: number): JobChange => ({
  ...changedJob(job, 'dueAt', 'dueShard'),
  set: due(job.jobId, job, now, shards),
  action: { what: 'marked', because: 'no check would look at it in time' },
});

/**
 * All tasks are Completed of a job whose total only its writer knows: it is looked at when no more of them have come for a
 * minute.
 */
export const jobSeemsDone = (job: Job, now: number, shards: number): JobChange => ({
  ...jobHasNews(job, now + MIN_WAIT_MS, shards),
  action: { what: 'marked', because: 'no task is left, unless more are being created' },
});
