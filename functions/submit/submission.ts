import type { MappingTotals, SubmittedJob } from '../copy-segment/submission.ts';
import type { SubmitStores } from './submit-stores.ts';

/** One submit under way. */
export interface Submission {
  readonly stores: SubmitStores;
  readonly job: SubmittedJob;
  readonly totals: MappingTotals;
  readonly shards: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
}

/** Told after each task how many of the segments are there. */
export type OnProgress = (progress: { readonly segments: number; readonly of: number }) => void;
