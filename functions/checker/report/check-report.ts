import type { Cost } from '../../pass/cost.ts';
import type { ListedProblems, ProblemGroupOf, ProblemOf } from '../../pass/problems.ts';
import type { CheckMode } from '../check-event.ts';
import type { CheckVerdictKind } from '../verdict.ts';

/** How the work on one job ended. */
export type CheckOutcome =
  | 'started'
  | 'publishing'
  | 'completed'
  /** The job is Failed now. */
  | 'markedFailed'
  | 'waited'
  | 'left'
  /** In a recovery: it has a marker now. */
  | 'marked'
  | 'postponed'
  | 'movedOn'
  /** It could not be read or written. */
  | 'failed';

/** What became of the targets of a publication. */
export type PublishOutcome = 'published' | 'alreadyPublished' | 'lost';

export type CheckReadKind = 'dueJobs' | 'jobs' | 'tasks' | 'segments';

const FINDINGS = [
  /** The job failed, and why. */
  'jobFailed',
  'malformed',
] as const;
export type CheckProblemKind = (typeof FINDINGS)[number];
export const CHECK_PROBLEM_KINDS: readonly CheckProblem['kind'][] = ['failed', ...FINDINGS];
export type CheckProblem = ProblemOf<CheckProblemKind>;
export type CheckProblemGroup = ProblemGroupOf<CheckProblemKind>;

/** What one check found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface CheckReport extends Cost, ListedProblems<CheckProblemKind> {
  readonly passId: string;
  readonly mode: CheckMode;
  readonly dryRun: boolean;
  /** False when time ran short, or something could not be read or written: the next check tries again. */
  readonly complete: boolean;
  /** Whether its time ran short. */
  readonly cutShort: boolean;
  readonly startedAt: number;
  readonly durationMs: number;
  /** How long the most overdue job had been due when the check began; 0 if none was, and in a recovery. */
  readonly oldestDueMs: number;
  /** How long ago the oldest job was created, of those that the check looked at and left running; 0: none. */
  readonly oldestRunningMs: number;
  /** Changes of data: in the log, the check has a line for each. */
  readonly changes: number;
  /** Items read: from the `due` index, and from the tables. */
  readonly read: Readonly<Record<CheckReadKind, number>>;
  /** Jobs by verdict; one that is malformed has another one besides. */
  readonly verdicts: Readonly<Record<CheckVerdictKind | 'malformed', number>>;
  readonly jobs: Readonly<Record<CheckOutcome, number>>;
  readonly segments: Readonly<Record<PublishOutcome, number>>;
}
