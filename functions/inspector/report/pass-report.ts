import type { DropOutcome } from '../../copy-segment/segment.ts';
import type { RawTaskKey } from '../../copy-segment/task.ts';
import type { Mode, VerdictKind } from '../verdict.ts';

/** How the work on one task ended; `enqueued` is also the last step of a release. */
export type TaskOutcome =
  | 'enqueued'
  | 'released'
  | 'failedForLostLeases'
  | 'settled'
  | 'rested'
  | 'postponed'
  | 'mended'
  | 'movedOn'
  | 'failed';

/** How the work on one job ended. */
export type JobOutcome =
  | 'settled'
  | 'rested'
  | 'mended'
  | 'postponed'
  | 'unchecked'
  | 'unsettled'
  | 'malformed'
  | 'movedOn'
  | 'failed';

/** The key of what went wrong; ids as decimal strings. */
export interface ProblemKey {
  readonly jobId?: string;
  readonly taskId?: string;
  readonly segmentId?: string;
  /** The part of a table that could not be read: a shard of its index, or its scan. */
  readonly part?: string;
}

export const keyOfTask = ({ jobId, taskId }: RawTaskKey): ProblemKey => ({
  jobId: String(jobId),
  taskId: String(taskId),
});

export interface Problem {
  readonly key: ProblemKey;
  readonly kind: 'orphan' | 'malformed' | 'contradiction' | 'foreign' | 'failed' | 'lostLeases' | 'unchecked';
  readonly reason: string;
}

/** What one pass found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface PassReport {
  readonly passId: string;
  readonly mode: Mode;
  readonly dryRun: boolean;
  /** False when time ran short, or something could not be read, sent or written: the next pass tries again. */
  readonly complete: boolean;
  /** Recovery only, with `scannedThrough`: what the event of the recovery that resumes here says. */
  readonly fromJobId?: string;
  readonly scannedThrough?: string;
  readonly startedAt: number;
  readonly durationMs: number;
  /** Items read: from the `due` index, and from the tables. */
  readonly read: Readonly<Record<ReadKind, number>>;
  /** Tasks by verdict. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
  readonly tasks: Readonly<Record<TaskOutcome, number>>;
  readonly jobs: Readonly<Record<JobOutcome, number>>;
  readonly segments: Readonly<Record<DropOutcome, number>>;
  /** `sent`: messages that SQS accepted. */
  readonly messages: { readonly sent: number; readonly failed: number };
  /** Requests by operation, retries included. */
  readonly requests: { readonly total: number; readonly byOperation: Readonly<Record<string, number>> };
  /** Capacity consumed, in DynamoDB's read and write request units. */
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly problems: readonly Problem[];
  /** Problems beyond those listed; the function logs them, counted by kind and reason. */
  readonly problemsOmitted: number;
}

/** Similar problems that did not fit into the report. */
export interface ProblemGroup {
  readonly kind: Problem['kind'];
  readonly reason: string;
  readonly count: number;
  /** A few of them. */
  readonly keys: readonly ProblemKey[];
}

export type ReadKind = 'dueTasks' | 'dueJobs' | 'tasks' | 'jobs' | 'segments';
