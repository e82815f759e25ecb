import type { Stores } from '../copy-segment/stores.ts';
import type { IndexedTask } from '../copy-segment/task.ts';
import type { PassRequest } from './pass-event.ts';
import type { Tally } from './report/tally.ts';
import type { TimeBudget } from './time-budget.ts';
import type { VerdictKind } from './verdict.ts';

/** One verdict as it falls, for whoever watches; ids as they are. */
export interface ObservedVerdict {
  readonly jobId: bigint;
  /** Absent: the verdict is on the job itself. */
  readonly taskId?: bigint;
  readonly kind: VerdictKind | 'dropAll';
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
  /** Epoch milliseconds from which on an inspection starts no more work on tasks. */
  readonly tasksUntil: number;
  readonly tally: Tally;
  readonly observe: (verdict: ObservedVerdict) => void;
  readonly shards: number;
  /** How many due tasks, or job ids, are held in memory at once. */
  readonly windowSize: number;
}

/** Tasks that are judged and acted on together: ten sends, four batches of marks, one batch of strong reads. */
export const TASKS_PER_CHUNK = 100;

/** Where a pass stopped because its time ran short; undefined when it came to its end. */
export type Stopped = { readonly fromJobId?: bigint } | undefined;

/** Tasks that are not as the pass wanted them: their work failed, or somebody else changed them meanwhile. */
export type Unfinished = ReadonlyMap<IndexedTask, 'failed' | 'movedOn'>;
