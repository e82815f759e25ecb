import type { JobReads, SegmentReads, Write } from '../copy-segment/stores.ts';
import type { Task, TaskSighting } from '../copy-segment/task.ts';
import type { Transact } from '../copy-segment/transaction.ts';

/** The tables, as a submit sees them. */
export interface SubmitStores {
  readonly jobs: Pick<JobReads, 'read'>;
  readonly segments: SegmentReads;
  /** The task of a job with the highest id, strongly consistent. */
  lastTask(jobId: bigint): Promise<TaskSighting<Task> | undefined>;
  readonly transact: Transact;
  readonly write: Write;
}

/** A submit that could not go on; what it has written stays. */
export class SubmitInterruptedError extends Error {
  override name = 'SubmitInterruptedError';

  constructor(reason: string, options?: ErrorOptions) {
    super(`${reason}. Submit the same again: it resumes where this one ended.`, options);
  }
}
