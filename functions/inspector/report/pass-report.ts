import type { DropOutcome } from '../../copy-segment/segment.ts';
import type { RawTaskKey } from '../../copy-segment/task.ts';
import type { Cost } from '../../pass/cost.ts';
import type { ListedProblems, ProblemGroupOf, ProblemKey, ProblemOf } from '../../pass/problems.ts';
import type { Mode, VerdictKind } from '../verdict.ts';

/** How the work on one task ended; `enqueued` is also the last step of a release. */
export type TaskOutcome =
  | 'enqueued'
  | 'released'
  | 'failedForLostLeases'
  | 'settled'
  | 'rested'
  | 'postponed'
  | 'withheld'
  | 'mended'
  | 'movedOn'
  | 'failed';

/** How the work on one job ended. */
export type JobOutcome =
  | 'settled'
  | 'rested'
  | 'mended'
  | 'postponed'
  | 'withheld'
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

/** What can be wrong, other than a read, a send or a write that failed. */
const FINDINGS = [
  'orphan',
  'malformed',
  'contradiction',
  'foreign',
  'lostLeases',
  'unchecked',
  /** Some of its targets are not dropped yet: the pass had dropped as many segments as it may. */
  'withheld',
] as const;
export type ProblemKind = (typeof FINDINGS)[number];
export const PROBLEM_KINDS: readonly Problem['kind'][] = ['failed', ...FINDINGS];
export type Problem = ProblemOf<ProblemKind>;
export type ProblemGroup = ProblemGroupOf<ProblemKind>;

/** What one pass found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface PassReport extends Cost, ListedProblems<ProblemKind> {
  readonly passId: string;
  readonly mode: Mode;
  readonly dryRun: boolean;
  /** False when time ran short, or something could not be read, sent or written: the next pass tries again. */
  readonly complete: boolean;
  /** Whether its time ran short. */
  readonly cutShort: boolean;
  /** Recovery only, with the two below: what the event of the recovery that resumes here says. */
  readonly fromJobId?: string;
  readonly fromTaskId?: string;
  readonly scannedThrough?: string;
  readonly startedAt: number;
  readonly durationMs: number;
  /** How long the most overdue item had been due when the pass began; 0 if nothing was, and in a recovery. */
  readonly oldestDueMs: number;
  /** How long ago the job failed that is unsettled for longest, of those that the pass could not settle; 0: none. */
  readonly oldestUnsettledMs: number;
  /** Changes of data: in the log, the pass has a line for each. */
  readonly changes: number;
  /** Items read: from the `due` index, and from the tables. */
  readonly read: Readonly<Record<ReadKind, number>>;
  /** Tasks by verdict. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
  readonly tasks: Readonly<Record<TaskOutcome, number>>;
  readonly jobs: Readonly<Record<JobOutcome, number>>;
  readonly segments: Readonly<Record<DropOutcome, number>>;
  /** `sent`: messages that SQS accepted. */
  readonly messages: { readonly sent: number; readonly failed: number };
}

export type ReadKind = 'dueTasks' | 'dueJobs' | 'tasks' | 'jobs' | 'segments';
