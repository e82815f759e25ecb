import * as v from 'valibot';
import type { DueMarker } from './due-index.ts';
import { type Item, id, markerEntries, oneOf, type Reading, readItem, text, whole } from './item.ts';

/** Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentJobState`; `Publishing` is this project's. */
export const JOB_STATES = ['Pending', 'Executing', 'Publishing', 'Completed', 'Failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** One restore, as far as the inspector needs to know it. */
export interface Job extends DueMarker {
  readonly jobId: bigint;
  readonly state: JobState;
  readonly reason?: string;
  /** Epoch milliseconds at which every target of this Failed job was settled. */
  readonly segmentsDroppedAt?: number;
  /**
   * Every target of its tasks up to this one is settled: where the drops of a Failed job go on that one pass did
   * not come to the end of. It goes when the job is settled.
   */
  readonly droppedThroughTaskId?: bigint;
}

/** A job as a verdict on one of its tasks meets it. */
export type JobLookup = Job | 'missing' | { readonly unreadable: string };

const jobItem = v.object({
  jobId: id,
  state: oneOf(JOB_STATES),
  reason: v.exactOptional(text),
  segmentsDroppedAt: v.exactOptional(whole),
  // The inspector's own; one that cannot be read costs a walk from the first task.
  droppedThroughTaskId: v.exactOptional(v.fallback(id, 0n)),
  ...markerEntries,
});

export const readJob = (item: Item): Reading<Job> => readItem(jobItem, item) as Reading<Job>;

export const isJob = (lookup: JobLookup): lookup is Job => typeof lookup === 'object' && 'jobId' in lookup;

/** Whether the targets of a Failed job are still to be dropped. */
export const isUnsettledFailure = (job: Job): boolean =>
  job.state === 'Failed' && job.segmentsDroppedAt === undefined;
