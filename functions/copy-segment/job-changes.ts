import { asRead, type Change } from './change.ts';
import { backoffMs, MAX_BACKOFF_MS, shardToKeep } from './due-index.ts';
import type { RawId } from './ids.ts';
import type { Item } from './item.ts';
import type { Job } from './job.ts';
import { markerOf } from './task-changes.ts';

/**
 * What the inspector changes about a job, and what that does to its marker. Each change holds on the condition that
 * the job is in the state that was read; those that end or move the drops of a Failed job also on its place, so that of
 * several passes one works on it.
 */
type JobChange = Change<'jobs'>;

/** How far the drops of a Failed job have come. */
export interface Place {
  /** Every target of its tasks up to this one is settled. */
  readonly through?: bigint | undefined;
  /** Likewise, but for the targets of the tasks named in `unreadable`. */
  readonly past?: bigint | undefined;
  readonly unreadable: readonly bigint[];
}

/** The place that a job bears. What is past tasks that are not named counts for nothing. */
export function placeOf({ droppedThroughTaskId, droppedPastTaskId, unreadableTaskIds = [] }: Job): Place {
  const unreadable = [...new Set(unreadableTaskIds)];
  return droppedPastTaskId === undefined || unreadable.length === 0
    ? { through: droppedThroughTaskId, unreadable: [] }
    : { through: droppedThroughTaskId, past: droppedPastTaskId, unreadable };
}

const PLACE = ['droppedThroughTaskId', 'droppedPastTaskId'] as const;

/** Every target of every task of a Failed job is settled. */
export const jobSettled = (job: Job, now: number): JobChange => ({
  ...changed(job, 'segmentsDroppedAt', ...PLACE),
  set: { segmentsDroppedAt: now },
  remove: [
    'dueAt',
    ...(['droppedThroughTaskId', 'droppedPastTaskId', 'unreadableTaskIds', 'dropAttempts'] as const).filter(
      (name) => job.raw[name] !== undefined,
    ),
  ],
});

/** Remembers how far the drops of a Failed job have come. */
export const placeSaved = (job: Job, place: Place): JobChange => ({
  ...changed(job, 'segmentsDroppedAt', ...PLACE),
  set: placeAttributes(place),
});

/** Only what cannot be read keeps the job unsettled: looked at again with backoff. */
export const jobDroppedInVain = (job: Job, place: Place, now: number, shards: number): JobChange => {
  const dropAttempts = (job.dropAttempts ?? 0) + 1;
  return {
    ...changed(job, 'segmentsDroppedAt', ...PLACE),
    set: { ...placeAttributes(place), dropAttempts, ...due(job, now + backoffMs(dropAttempts), shards) },
  };
};

/** Nothing left to do: out of the index. */
export const jobRested = (job: Job): JobChange => ({ ...changed(job), remove: ['dueAt'] });

/** To be looked at again at `dueAt`. */
export const jobPostponed = (job: Job, dueAt: number, shards: number): JobChange => ({
  ...changed(job),
  set: due(job, dueAt, shards),
});

/** A running job that no checker looks at. The marker is the checker's: it is moved only if it has not moved since. */
export const uncheckedPostponed = (job: Job, now: number, shards: number): JobChange => ({
  ...changed(job, 'dueAt'),
  set: due(job, now + MAX_BACKOFF_MS, shards),
});

/** An item that cannot be read: nothing but its marker may be written, and only over the marker that was read. */
export const jobPostponedUnread = (jobId: RawId, raw: Item, now: number, shards: number): JobChange => ({
  table: 'jobs',
  key: { jobId },
  if: asRead(raw, 'dueAt'),
  set: due({ jobId, ...markerOf(raw) }, now + MAX_BACKOFF_MS, shards),
  remove: [],
});

/** On the condition that its state, and these attributes, are as they were read. */
export const changed = (job: Job, ...unchanged: readonly (keyof JobChange['if'])[]): JobChange => ({
  table: 'jobs',
  key: { jobId: job.jobId },
  if: asRead(job.raw, 'state', ...unchanged),
  set: {},
  remove: [],
});

const placeAttributes = ({ through, past, unreadable }: Place): JobChange['set'] => ({
  ...(through !== undefined && { droppedThroughTaskId: through }),
  ...(past !== undefined && { droppedPastTaskId: past, unreadableTaskIds: [...unreadable] }),
});

/** The shard is written only where it is missing or points to a shard that no pass asks. */
export function due(
  job: { readonly jobId: RawId; readonly dueShard?: number | undefined },
  dueAt: number,
  shards: number,
) {
  const dueShard = shardToKeep(job.jobId, job.dueShard, shards);
  return dueShard === job.dueShard ? { dueAt } : { dueShard, dueAt };
}
