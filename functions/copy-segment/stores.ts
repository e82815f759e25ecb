import type { Item, Reading } from './item.ts';
import type { Job, JobLookup } from './job.ts';
import type { IndexedTask, Task, TaskKey } from './task.ts';
import type { TaskMessage } from './task-message.ts';

/** The tables and the queue, as a pass sees them. */
export interface Stores {
  readonly jobs: JobStore;
  readonly tasks: TaskStore;
  readonly segments: SegmentStore;
  readonly queue: SchedulerQueue;
}

/** How one conditional write ended. The item is what the condition met, if the engine tells. */
export type WriteOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'conditionFailed'; readonly item?: Item }
  | { readonly kind: 'failed'; readonly reason: string };

export const done: WriteOutcome = { kind: 'done' };

/** A task item that was met: its key is always known, the rest as far as it can be read. */
export interface TaskSighting<T extends IndexedTask = IndexedTask> {
  readonly key: TaskKey;
  readonly dueAt?: number;
  readonly reading: Reading<T>;
}

export interface TaskReads {
  /** Tasks due in a shard of the index, the longest due first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly TaskSighting[]>;
  /** The tasks that exist among the keys, strongly consistent. */
  read(keys: readonly TaskKey[]): Promise<TaskSighting<Task>[]>;
  /** Every task of a job, or those above a task id, in ascending task id, strongly consistent. */
  ofJob(jobId: bigint, afterTaskId?: bigint): AsyncIterable<readonly TaskSighting<Task>[]>;
}

/**
 * Every write holds on the condition that the task is as it was read; `conditionFailed` means it has moved on.
 * None of them throws.
 */
export interface TaskWrites {
  /** After its message was sent at `sentAt`: counts it, and sets when to look next. */
  mark(marks: readonly { readonly task: IndexedTask; readonly sentAt: number }[]): Promise<WriteOutcome[]>;
  /** Takes an expired lease back: Pending, next version, nothing enqueued, due now. */
  release(tasks: readonly IndexedTask[], now: number): Promise<WriteOutcome[]>;
  /** Gives up on a task whose leases keep running out. */
  fail(tasks: readonly IndexedTask[], now: number): Promise<WriteOutcome[]>;
  /** A Failed task has no target left to drop. */
  settle(tasks: readonly Task[], now: number): Promise<WriteOutcome[]>;
  /** Takes it out of the index, and touches nothing else. */
  rest(tasks: readonly IndexedTask[]): Promise<WriteOutcome[]>;
  /** Puts it into the index, to be looked at again at `dueAt`. */
  schedule(tasks: readonly IndexedTask[], dueAt: number): Promise<WriteOutcome[]>;
}

export type TaskStore = TaskReads & TaskWrites;

/** A job that the index says is due. */
export interface DueJob {
  readonly jobId: bigint;
  readonly dueAt: number;
}

export interface JobReads {
  /** Jobs due in a shard of the index, the longest due first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly DueJob[]>;
  /** What there is under each id, strongly consistent. */
  read(jobIds: readonly bigint[]): Promise<Map<bigint, JobLookup>>;
  /**
   * The smallest `limit` job ids above `after` that a job or a task has, ascending: a task whose job is
   * missing is found too. Tables are partitioned by hash, so each call scans both; memory stays at `limit`.
   */
  idsAfter(after: bigint, limit: number): Promise<bigint[]>;
}

/** Each write holds on the condition that the job is in the state that was read. None of them throws. */
export interface JobWrites {
  settle(job: Job, now: number): Promise<WriteOutcome>;
  /** Remembers that every target of the job's tasks up to this one is settled. */
  savePlace(job: Job, taskId: bigint): Promise<WriteOutcome>;
  rest(job: Job): Promise<WriteOutcome>;
  schedule(job: Job, dueAt: number): Promise<WriteOutcome>;
}

export type JobStore = JobReads & JobWrites;

/** A segment to drop, on behalf of the job that allocated it. */
export interface DropRequest {
  readonly segmentId: bigint;
  readonly jobId: bigint;
  readonly dropReason: string;
}

export interface SegmentReads {
  /** The segments that exist among the ids, strongly consistent, by id. */
  read(segmentIds: readonly bigint[]): Promise<Map<bigint, Item>>;
}

export interface SegmentWrites {
  /**
   * One conditional write a segment: `Dropped`, if it exists, is not yet Dropped, and is this job's or nobody's.
   * `is_importing` is cleared in the same write: with it set, Milvus' segment GC never reclaimed the data
   * (milvus-io/milvus#50271). Segments must differ from each other. Never throws.
   */
  drop(requests: readonly DropRequest[], now: number): Promise<WriteOutcome[]>;
}

export type SegmentStore = SegmentReads & SegmentWrites;

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
