import type { JobState } from '../copy-segment/job.ts';
import type { MappingTotals } from '../copy-segment/submission.ts';
import type { Issues } from './issues.ts';

/** How a submit ended. */
export type SubmitResult =
  /** Every segment has its task. */
  | {
      readonly kind: 'submitted';
      readonly state: JobState;
      readonly totals: MappingTotals;
      /** The highest task that an earlier submit left, 0 for none; absent if this one opened the job. */
      readonly resumedAfterTaskId?: bigint;
    }
  /** It was submitted before; this one wrote nothing, or not the last of it. */
  | {
      readonly kind: 'found';
      readonly state: JobState;
      readonly reason?: string | undefined;
      readonly totals: MappingTotals;
    }
  /** The job cannot be filled; this submit has failed it. The inspector drops the targets it has. */
  | { readonly kind: 'failed'; readonly reason: string; readonly totals: MappingTotals }
  /** The id is another restore's. Nothing was written. */
  | { readonly kind: 'conflict'; readonly differences: readonly string[] }
  /** The job or its mappings are wrong. Nothing was written. */
  | { readonly kind: 'refused'; readonly issues: Issues };
