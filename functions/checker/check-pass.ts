import type { RawId } from '../copy-segment/ids.ts';
import type { LastUnfinished, Stores } from '../copy-segment/stores.ts';
import type { Transact } from '../copy-segment/transaction.ts';
import type { TimeBudget } from '../pass/time-budget.ts';
import type { CheckRequest } from './check-event.ts';
import type { CheckTally } from './report/check-tally.ts';
import type { CheckVerdictKind } from './verdict.ts';

/** The tables, as the checker sees them: it reads tasks, and writes none. */
export interface CheckerStores extends Pick<Stores, 'jobs' | 'tasks' | 'segments' | 'write'> {
  readonly transact: Transact;
  readonly lastUnfinished: LastUnfinished;
}

/** A verdict as it is reached, for whoever watches; ids as they are. */
export interface ObservedCheck {
  readonly jobId: RawId;
  readonly kind: CheckVerdictKind | 'malformed' | 'mark';
  readonly because: string;
}

/** What the reactions to a job have seen of its tasks, which stay Completed once they are. */
export interface WatchedTasks {
  /** The highest one that was not Completed. */
  readonly unfinished?: RawId | undefined;
  /** This one and all below it were. */
  readonly completedThrough?: RawId | undefined;
}

/** What every part of one check works with. */
export interface CheckPass extends CheckerStores {
  readonly request: CheckRequest;
  /** Epoch milliseconds at the start: what is due is due by then. */
  readonly startedAt: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly time: TimeBudget;
  readonly tally: CheckTally;
  readonly onVerdict: (verdict: ObservedCheck) => void;
  /** By job, what reactions know of its tasks: of all checks of a function instance. */
  readonly watchedTasks: Map<RawId, WatchedTasks>;
  readonly shards: number;
  /** How many due jobs are held in memory at once. */
  readonly windowSize: number;
}

/** Jobs that are read together: one batch of strong reads. */
export const JOBS_PER_CHUNK = 100;

/** Jobs that are looked at side by side; each holds a page of its tasks, and 8 bytes per target. */
export const MAX_LOOKS_AT_ONCE = 4;
