import type { Work } from './contenders/assignment.ts';
import type { Contender } from './contenders/bundle-contenders.ts';
import type { Dataset } from './data/datasets.ts';

/** What must be in tables and queue after it, whoever did it. */
export interface Effect {
  readonly messages?: number;
  readonly dropped?: number;
  readonly flushed?: number;
  readonly importing?: number;
}

export interface Run {
  readonly contender: Contender;
  readonly latencyMs: number;
}

export interface Workload {
  readonly name: string;
  /** Tasks, targets or segments, whatever it has many of. */
  readonly size: number;
  readonly work: Work;
  readonly data: Dataset;
  /** Its contenders change nothing, or each takes what the one before has left: they share an engine. */
  readonly sharesEngine?: boolean;
  /** How often it is done; once unless given. */
  readonly times?: number;
  readonly effect?: Effect;
  /** What the naive port does differently. */
  readonly naiveEffect?: Effect;
  readonly runs: readonly Run[];
}

/** Enough for one that nothing disturbs. */
export const WARM_PASSES = 20;
