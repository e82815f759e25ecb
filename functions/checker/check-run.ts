import type { Change } from '../copy-segment/change.ts';
import type { ProblemKey } from '../pass/problems.ts';
import type { ObservedCheck } from './check-pass.ts';
import type { CheckProblemGroup, CheckReport } from './report/check-report.ts';

/** How one change ended: those of a transaction that was not made ended as it did. */
export type ChangeOutcome = 'done' | 'conditionFailed' | 'failed';

/** What surrounds one check. */
export interface CheckRun {
  readonly passId?: string;
  /** Milliseconds until the check is ended from outside. */
  readonly remainingMs?: () => number;
  /** Ends the check at once, as a crash would; its report says that it is not complete. */
  readonly signal?: AbortSignal;
  readonly onVerdict?: (verdict: ObservedCheck) => void;
  /** Called with every change as it ended; in a dry run with every change that would be made. */
  readonly onChange?: (change: Change, outcome: ChangeOutcome) => void;
  /** Called with the key of each read and write that failed. */
  readonly onFailure?: (key: ProblemKey) => void;
  /** Called with what the check had done when it failed. */
  readonly onError?: (report: CheckReport) => void;
  /** Called at the end with the problems that the report has no room for. */
  readonly onOmittedProblems?: (groups: readonly CheckProblemGroup[]) => void;
}
