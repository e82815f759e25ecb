import { isJob, isRunning, type Job, type JobLookup } from '../../functions/copy-segment/job.ts';
import { type JobReads, type TaskReads, TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { Task, TaskKey, TaskSighting } from '../../functions/copy-segment/task.ts';

/** When a command acts, and on what deployment. */
export interface Circumstances {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly shards: number;
}

/** A job as the table has it. */
export interface JobSituation extends Circumstances {
  readonly jobId: bigint;
  readonly job: Exclude<JobLookup, { readonly unread: string }>;
}

/** A task and its job as the tables have them. */
export interface TaskSituation extends JobSituation {
  readonly key: TaskKey;
  readonly task: TaskSighting<Task> | undefined;
}

type Reads = { readonly jobs: Pick<JobReads, 'read'>; readonly tasks: Pick<TaskReads, 'read'> };

/**
 * Reads a job, strongly consistent.
 *
 * @throws TemporaryError if DynamoDB did not answer
 */
export async function findJob(
  { jobs }: Pick<Reads, 'jobs'>,
  jobId: bigint,
  circumstances: Circumstances,
): Promise<JobSituation> {
  const job = (await jobs.read([jobId])).get(jobId) ?? 'missing';
  if (job !== 'missing' && 'unread' in job) throw new TemporaryError(job.unread);
  return { ...circumstances, jobId, job };
}

/**
 * Reads a task and its job, strongly consistent.
 *
 * @throws TemporaryError if DynamoDB did not answer
 */
export async function findTask(
  reads: Reads,
  key: TaskKey,
  circumstances: Circumstances,
): Promise<TaskSituation> {
  const { found, unread } = await reads.tasks.read([key]);
  const [failure] = unread;
  if (failure !== undefined) throw new TemporaryError(failure.reason);
  return { ...(await findJob(reads, key.jobId, circumstances)), key, task: found[0] };
}

export const nameOf = ({ jobId, taskId }: TaskKey): string => `${jobId}/${taskId}`;

export const runningJob = ({ job }: JobSituation): Job | undefined =>
  job !== 'missing' && isJob(job) && isRunning(job) ? job : undefined;

/** What a sentence says of a job: "its job is Failed". */
export const describeJob = ({ job }: JobSituation): string => {
  if (job === 'missing') return 'its job is missing';
  return isJob(job) ? `its job is ${job.state}` : `its job cannot be read (${job.unreadable})`;
};
