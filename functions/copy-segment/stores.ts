import type { Change } from './change.ts';
import type { RawId } from './ids.ts';
import type { Item } from './item.ts';
import type { JobLookup } from './job.ts';
import type { RawTaskKey, Task, TaskSighting } from './task.ts';
import type { TaskMessage } from './task-message.ts';

/** The tables and the queue, as a pass sees them. */
export interface Stores {
  readonly jobs: JobReads;
  readonly tasks: TaskReads;
  readonly segments: SegmentReads;
  readonly write: Write;
  readonly queue: SchedulerQueue;
}

/** How one conditional write ended. The item is what the condition found, if the engine tells. */
export type WriteOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'conditionFailed'; readonly item?: Item }
  /** `isWithheld`: it was not even tried, since the pass may not make more of its kind. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isWithheld?: true };

export const done: WriteOutcome = { kind: 'done' };

/**
 * Makes changes, each on its own: one that fails does not stop the others. No two of them may be on the same item.
 *
 * @returns the outcomes, in the order of the changes; never throws
 */
export type Write = (changes: readonly Change[]) => Promise<WriteOutcome[]>;

/** A key whose partition could not be read, and why. The others of its batch are not affected. */
export interface Unread<K> {
  readonly key: K;
  readonly reason: string;
}

/** The service is slow, throttles, or did not answer: a later read may succeed. */
export class TemporaryError extends Error {
  override name = 'TemporaryError';
}

/** A page of a table's keys, in the table's own order. */
export interface KeyPage {
  readonly jobIds: readonly RawId[];
  /** Where a scan resumes after this page; undefined at the end. */
  readonly resumeKey?: Item | undefined;
}

export interface TaskReads {
  /** Tasks due in a shard of the index, most overdue first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly TaskSighting[]>;
  /** The tasks that exist among the keys, strongly consistent. */
  read(keys: readonly RawTaskKey[]): Promise<{
    readonly found: readonly TaskSighting<Task>[];
    readonly unread: readonly Unread<RawTaskKey>[];
  }>;
  /** Every task of a job, or those above a task id, in ascending task id, strongly consistent. */
  ofJob(jobId: RawId, afterTaskId?: RawId): AsyncIterable<readonly TaskSighting<Task>[]>;
  /**
   * The job ids of all tasks, after a key: a task whose job is missing is found as well.
   *
   * @throws TemporaryError if the scan cannot continue now
   */
  jobIds(after?: Item): AsyncIterable<KeyPage>;
}

/**
 * The highest task of a job that is not Completed, strongly consistent: of all its tasks, or of those above one and up to
 * another one.
 *
 * @returns `unfinished`: undefined if all of them are Completed; `highest`: of all of them, undefined if there is none
 */
export type LastUnfinished = (
  jobId: RawId,
  range: { readonly above?: RawId | undefined; readonly upTo?: RawId | undefined },
) => Promise<{ readonly unfinished?: RawId | undefined; readonly highest?: RawId | undefined }>;

/** A job that the index says is due. */
export interface DueJob {
  readonly jobId: RawId;
  readonly dueAt: number;
  /** As the index shows it. */
  readonly state: unknown;
}

export interface JobReads {
  /** Jobs due in a shard of the index, most overdue first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly DueJob[]>;
  /** What there is under each id, strongly consistent. */
  read(jobIds: readonly RawId[]): Promise<Map<RawId, JobLookup>>;
  /**
   * The ids of all jobs, after a key.
   *
   * @throws TemporaryError if the scan cannot continue now
   */
  ids(after?: Item): AsyncIterable<KeyPage>;
}

export interface SegmentReads {
  /** The segments that exist among the ids, strongly consistent, by id. */
  read(
    segmentIds: readonly bigint[],
  ): Promise<{ readonly found: Map<bigint, Item>; readonly unread: readonly Unread<bigint>[] }>;
}

/** SQS' limit on the entries of one `SendMessageBatch`. */
export const MESSAGES_PER_BATCH = 10;

export type SendOutcome = { readonly kind: 'sent' } | { readonly kind: 'failed'; readonly reason: string };

export interface SchedulerQueue {
  /**
   * Sends at most `MESSAGES_PER_BATCH` messages in one request.
   *
   * @returns the outcomes, in the order of the messages; never throws
   */
  send(messages: readonly TaskMessage[]): Promise<SendOutcome[]>;
}
