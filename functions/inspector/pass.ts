import type { RawId } from '../copy-segment/ids.ts';
import type { Stores } from '../copy-segment/stores.ts';
import type { TimeBudget } from '../pass/time-budget.ts';
import type { Expectation } from './act/expectation.ts';
import type { MarkBreaker } from './act/mark-breaker.ts';
import type { SendPace } from './act/send-pace.ts';
import type { DropGuard } from './drop-guard.ts';
import type { LookUpJobs } from './job-lookup.ts';
import type { PassRequest } from './pass-event.ts';
import type { Tally } from './report/tally.ts';
import type { ResumePoint } from './resume-point.ts';
import type { JobVerdictKind, VerdictKind } from './verdict.ts';

// The words for how much flows at once, from the largest to the smallest:
//   window  what is held in memory: 10,000 due tasks, merged from the shards of the index
//   chunk   tasks that are judged together: 1,000 that the index shows, 100 with their mappings
//   lane    what carries out one kind of verdict; lanes run side by side
//   load    verdicts that a lane carries out together: 1,000 to enqueue, 100 of the other kinds
//   round   target segments that are read and dropped together, at most 2,000
//   batch   what one request takes: 10 messages, 25 statements, 100 keys
//   page    what one answer of a query or a scan holds

/** A verdict as it is reached, for whoever watches; ids as they are. */
export interface ObservedVerdict {
  readonly jobId: RawId;
  /** Absent: the verdict is on the job itself. */
  readonly taskId?: RawId;
  readonly kind: VerdictKind | JobVerdictKind;
  readonly because: string;
}

/** What every part of one pass works with. */
export interface Pass extends Stores {
  readonly request: PassRequest;
  /** Epoch milliseconds at the start: what is due is due by then. */
  readonly startedAt: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly time: TimeBudget;
  readonly tally: Tally;
  readonly onVerdict: (verdict: ObservedVerdict) => void;
  readonly lookUpJobs: LookUpJobs;
  readonly markBreaker: MarkBreaker;
  readonly sendPace: SendPace;
  /** Whether the targets of tasks are as they are expected to be. */
  readonly expectation: Expectation;
  readonly dropGuard: DropGuard;
  readonly shards: number;
  /** How many due tasks are held in memory at once. */
  readonly windowSize: number;
}

/** Tasks that are judged together with their mappings, and jobs: one batch of strong reads. */
export const TASKS_PER_CHUNK = 100;

/** Where a pass stopped because its time ran short; undefined when it reached its end. */
export type Stopped = ResumePoint | undefined;
