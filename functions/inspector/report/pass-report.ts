import type { DropOutcome } from '../../copy-segment/segment.ts';
import type { TaskKey } from '../../copy-segment/task.ts';
import type { Mode, VerdictKind } from '../verdict.ts';

/** How the work on one task ended; `enqueued` is the last step of a release too. */
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
export type JobOutcome = 'settled' | 'rested' | 'mended' | 'unsettled' | 'malformed' | 'movedOn' | 'failed';

/** The key of what went wrong; ids as decimal strings. */
export interface ProblemKey {
  readonly jobId: string;
  readonly taskId?: string;
  readonly segmentId?: string;
}

export const keyOfTask = ({ jobId, taskId }: TaskKey): ProblemKey => ({
  jobId: String(jobId),
  taskId: String(taskId),
});

export interface Problem {
  readonly key: ProblemKey;
  readonly kind: 'orphan' | 'malformed' | 'foreign' | 'failed' | 'lostLeases';
  readonly reason: string;
}

/** What one pass found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface PassReport {
  readonly passId: string;
  readonly mode: Mode;
  readonly dryRun: boolean;
  /** False when the time ran short; the next pass, or a recovery from `fromJobId`, carries on. */
  readonly complete: boolean;
  /** Recovery only: the `fromJobId` of the event that goes on where this pass stopped. */
  readonly fromJobId?: string;
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
  /** Problems beyond those listed; the function logs them, a hundred a line. */
  readonly problemsOmitted: number;
}

export type ReadKind = 'dueTasks' | 'dueJobs' | 'tasks' | 'jobs' | 'segments';
