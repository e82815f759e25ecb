import { opened } from '../copy-segment/submission.ts';
import { type Filled, type Found, findJob, findLastTask } from './find-job.ts';
import type { Submission } from './submission.ts';
import { SubmitInterruptedError } from './submit-stores.ts';

/** What there is to fill, or why there is nothing. */
export type Opening =
  | { readonly kind: 'pending'; readonly filled: Filled; readonly isNew?: boolean }
  | { readonly kind: 'empty' }
  | Exclude<Found, { kind: 'pending' }>;

/**
 * Creates the job if it is absent, and otherwise finds what is there of it.
 *
 * @throws SubmitInterruptedError when DynamoDB does not answer
 */
export async function openJob({ stores, job, totals, now, shards }: Submission): Promise<Opening> {
  // Asked before the job is read: tasks that are there without it are those of an earlier job, and not of one that
  // another submit has just opened.
  const hasTasks = (await findLastTask(stores, job.jobId)) !== undefined;
  if (!hasTasks) {
    const outcome = await stores.transact([{ create: opened(job, totals, now(), shards) }]);
    if (outcome.kind === 'failed')
      throw new SubmitInterruptedError(`Job ${job.jobId} could not be written: ${outcome.reason}`);
    if (outcome.kind === 'done')
      return totals.segments === 0
        ? { kind: 'empty' }
        : { kind: 'pending', filled: { taskId: 0n }, isNew: true };
  }
  const found = await findJob(stores, job, totals);
  return found.kind === 'missing' && hasTasks
    ? { kind: 'conflict', differences: ['tasks of an earlier job of this id are there'] }
    : found;
}
