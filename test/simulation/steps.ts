import type { Call, Fault } from './disturb.ts';
import type { Stranger, TaskSeed } from './records.ts';
import type { Deed } from './worker.ts';

/** What happens in the middle of a pass. */
export type PassEvent =
  | { readonly at: Call; readonly fault: Fault }
  | { readonly at: Call; readonly meanwhile: readonly Step[] };

export interface PassStep {
  readonly do: 'pass';
  readonly mode: 'inspect' | 'recover';
  /** Only this job, by its index. */
  readonly onlyJob?: number | undefined;
  readonly dryRun: boolean;
  /** Absent: more than any history has segments. */
  readonly maxDrops?: number | undefined;
  /** How many steps the index lags behind. */
  readonly lag: number;
  readonly events: readonly PassEvent[];
}

/** One thing that one party does. Jobs, tasks, claims and messages are named by index, modulo how many there are. */
export type Step =
  | PassStep
  | { readonly do: 'overlap'; readonly passes: readonly PassStep[]; readonly turns: readonly number[] }
  | { readonly do: 'submit'; readonly tasks: readonly TaskSeed[] }
  | { readonly do: 'lateTask'; readonly job: number; readonly first: boolean; readonly seed: TaskSeed }
  | { readonly do: 'strangersTask'; readonly job: number; readonly kind: Stranger; readonly seed: TaskSeed }
  | { readonly do: 'orphan'; readonly seed: TaskSeed }
  | { readonly do: 'claim'; readonly message: number; readonly keep: boolean; readonly hasLease: boolean }
  | { readonly do: 'work'; readonly held: number; readonly deed: Deed }
  | { readonly do: 'check' | 'cancel' | 'completeBlindly'; readonly job: number }
  | { readonly do: 'publishBlindly' | 'adopt'; readonly segment: number }
  | { readonly do: 'wait'; readonly ms: number };

export interface History {
  readonly start: readonly (readonly TaskSeed[])[];
  readonly steps: readonly Step[];
}

export const CALM: PassStep = { do: 'pass', mode: 'inspect', dryRun: false, lag: 0, events: [] };
