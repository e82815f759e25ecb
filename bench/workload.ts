import type { Work } from './contenders/assignment.ts';
import type { Contender } from './contenders/bundle-contenders.ts';
import type { Dataset } from './data/datasets.ts';

/** What must be in tables and queue after it, whoever did it. */
export interface Effect {
  readonly messages?: number;
  readonly dropped?: number;
  /** Tasks that are not due again before their backoff has passed. */
  readonly marked?: number;
  /** Failed tasks whose targets are noted as dropped. */
  readonly settled?: number;
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
  /** How often a contender does it; once unless given. */
  readonly times?: number;
  /** How often each run is made, in turns, so that a busy moment meets all of them; once unless given. */
  readonly turns?: number;
  /** Whether every target was dropped before. */
  readonly readsFirst?: boolean;
  readonly effect?: Effect;
  /** What the naive port does differently. */
  readonly naiveEffect?: Effect;
  /** Whether there is a mark for each message, whatever their number; the naive port marks none. */
  readonly marksMessages?: boolean;
  readonly runs: readonly Run[];
}

/** Enough for one that nothing disturbs. */
export const WARM_PASSES = 20;
