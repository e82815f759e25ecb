import type { DropOutcome } from '../../copy-segment/segment.ts';
import type { RawTaskKey } from '../../copy-segment/task.ts';
import type { Cost } from '../../pass/cost.ts';
import type { ProblemGroupOf, ProblemKey, ProblemOf } from '../../pass/problems.ts';
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
  | 'woken'
  | 'unsettled'
  | 'malformed'
  | 'movedOn'
  | 'failed';

export const keyOfTask = ({ jobId, taskId }: RawTaskKey): ProblemKey => ({
  jobId: String(jobId),
  taskId: String(taskId),
});

export type ProblemKind = 'orphan' | 'malformed' | 'contradiction' | 'foreign' | 'lostLeases' | 'unchecked';
export type Problem = ProblemOf<ProblemKind>;
export type ProblemGroup = ProblemGroupOf<ProblemKind>;

/** What one pass found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface PassReport extends Cost {
  readonly passId: string;
  readonly mode: Mode;
  readonly dryRun: boolean;
  /** False when time ran short, or something could not be read, sent or written: the next pass tries again. */
  readonly complete: boolean;
  /** Recovery only, with the two below: what the event of the recovery that resumes here says. */
  readonly fromJobId?: string;
  readonly fromTaskId?: string;
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
  readonly problems: readonly Problem[];
  /** Problems beyond those listed; the function logs them, counted by kind and reason. */
  readonly problemsOmitted: number;
}

export type ReadKind = 'dueTasks' | 'dueJobs' | 'tasks' | 'jobs' | 'segments';
