import type { Change } from '../copy-segment/change.ts';
import type { WriteOutcome } from '../copy-segment/stores.ts';
import type { TaskMessage } from '../copy-segment/task-message.ts';
import type { ProblemKey } from '../pass/problems.ts';
import type { ObservedVerdict } from './pass.ts';
import type { PassReport, ProblemGroup } from './report/pass-report.ts';

/** What surrounds one pass. */
export interface PassRun {
  readonly passId?: string;
  /** Milliseconds until the pass is ended from outside. */
  readonly remainingMs?: () => number;
  /** Ends the pass at once, as a crash would; its report says that it is not complete. */
  readonly signal?: AbortSignal;
  readonly onVerdict?: (verdict: ObservedVerdict) => void;
  /** Called with every change as it ended; in a dry run with every change that would be made. */
  readonly onChange?: (change: Change, outcome: WriteOutcome) => void;
  /** Called with every message that SQS accepted; in a dry run with every message that would be sent. */
  readonly onMessage?: (message: TaskMessage) => void;
  /** Called with the key of each read, send and write that failed. */
  readonly onFailure?: (key: ProblemKey) => void;
  /** Called with what the pass had done when it failed. */
  readonly onError?: (report: PassReport) => void;
  /** Called at the end with the problems that the report has no room for. */
  readonly onOmittedProblems?: (groups: readonly ProblemGroup[]) => void;
}
