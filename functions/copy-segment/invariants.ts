import type { RawId } from './ids.ts';
import { jobInvariants } from './invariants-of-jobs.ts';
import { publicationInvariants } from './invariants-of-publication.ts';
import { submissionInvariants } from './invariants-of-submissions.ts';
import { targetInvariants } from './invariants-of-targets.ts';
import { taskInvariants } from './invariants-of-tasks.ts';
import type { Item } from './item.ts';
import type { JobLookup } from './job.ts';
import type { Task, TaskSighting } from './task.ts';

/** One job, its tasks and their target segments: what a check of the tables holds at once, however large they are. */
export interface Restore {
  readonly jobId: RawId;
  readonly job: Exclude<JobLookup, { readonly unread: string }>;
  readonly tasks: readonly TaskSighting<Task>[];
  /** How many tasks it has, if these are not all of them: a job of a million targets is looked at in parts. */
  readonly taskCount?: number;
  /**
   * The target segments that exist, with all their attributes; and, from whoever walks Segments as well, those that bear
   * the job's id though no task names them.
   */
  readonly segments: ReadonlyMap<bigint, Item>;
}

/** The circumstances of a check. */
export interface Circumstances {
  /** Epoch milliseconds. */
  readonly now: number;
  /** How many partitions of the `due` index a pass asks. */
  readonly shards: number;
}

/** An item that breaks an invariant. */
export interface Breach {
  readonly key: { readonly jobId: RawId; readonly taskId?: RawId; readonly segmentId?: bigint };
  readonly reason: string;
}

export interface Violation extends Breach {
  readonly invariant: string;
}

/** What must hold of a restore at any moment, whatever parties do and whoever crashes. */
export interface Invariant {
  readonly name: string;
  readonly breaches: (restore: Restore, circumstances: Circumstances) => Iterable<Breach>;
}

/**
 * What the tables alone can show. That nothing live was dropped, and that what is Dropped keeps the time of the first
 * drop, takes their history; what is written to the object storage, a record of it: see invariants-of-objects.ts.
 */
export const INVARIANTS: readonly Invariant[] = [
  ...jobInvariants,
  ...taskInvariants,
  ...targetInvariants,
  ...publicationInvariants,
  ...submissionInvariants,
];

/** What does not hold of a restore. */
export function* violationsIn(restore: Restore, circumstances: Circumstances): Generator<Violation> {
  for (const { name, breaches } of INVARIANTS)
    for (const breach of breaches(restore, circumstances)) yield { invariant: name, ...breach };
}
