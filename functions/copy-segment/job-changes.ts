import type { Change } from './change.ts';
import { changedJob } from './changed-job.ts';
import { backoffMs, MAX_BACKOFF_MS, WITHHELD_MS } from './due-index.ts';
import type { RawId } from './ids.ts';
import type { Item } from './item.ts';
import type { Job } from './job.ts';
import { due, markerAsRead, markerOf } from './marker.ts';
import { DROPPED_AS_MANY_AS_IT_MAY, WHAT_IS_LEFT_IS_UNREADABLE } from './task-changes.ts';

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
  /** The same, except for the targets of the tasks in `undropped`. */
  readonly past?: bigint | undefined;
  readonly undropped: readonly RawId[];
}

/** The place saved on a job. `droppedPastTaskId` is ignored unless the tasks it skipped are named. */
export function placeOf({ droppedThroughTaskId, droppedPastTaskId, undroppedTaskIds = [] }: Job): Place {
  const undropped = [...new Set(undroppedTaskIds)];
  return droppedPastTaskId === undefined || undropped.length === 0
    ? { through: droppedThroughTaskId, undropped: [] }
    : { through: droppedThroughTaskId, past: droppedPastTaskId, undropped };
}

const PLACE = ['droppedThroughTaskId', 'droppedPastTaskId'] as const;

/** Every target of every task of a Failed job is settled. */
export const jobSettled = (job: Job, now: number): JobChange => ({
  ...changedJob(job, 'segmentsDroppedAt', ...PLACE),
  set: { segmentsDroppedAt: now },
  remove: [
    'dueAt',
    ...(['droppedThroughTaskId', 'droppedPastTaskId', 'undroppedTaskIds', 'dropAttempts'] as const).filter(
      (name) => job.raw[name] !== undefined,
    ),
  ],
  action: { what: 'settled', because: 'no target of its tasks is left to drop' },
});

/** Remembers how far the drops of a Failed job have come. */
export const placeSaved = (job: Job, place: Place): JobChange => ({
  ...changedJob(job, 'segmentsDroppedAt', ...PLACE),
  ...placeAttributes(job, place),
  action: { what: 'advanced', because: 'the drops of the job have come this far' },
});

/** Only what cannot be read keeps the job unsettled: looked at again with backoff. */
export const jobDroppedInVain = (job: Job, place: Place, now: number, shards: number): JobChange => {
  const dropAttempts = (job.dropAttempts ?? 0) + 1;
  const { set, remove } = placeAttributes(job, place);
  return {
    ...changedJob(job, 'segmentsDroppedAt', ...PLACE),
    remove,
    set: {
      ...set,
      dropAttempts,
      ...due(job.jobId, job, now + backoffMs(dropAttempts), shards),
    },
    action: { what: 'postponed', because: WHAT_IS_LEFT_IS_UNREADABLE },
  };
};

/** The pass had dropped as many segments as it may. */
export const jobDropsWithheld = (job: Job, place: Place, now: number, shards: number): JobChange => {
  const { set, remove } = placeAttributes(job, place);
  return {
    ...changedJob(job, 'segmentsDroppedAt', ...PLACE),
    remove,
    set: { ...set, ...due(job.jobId, job, now + WITHHELD_MS, shards) },
    action: { what: 'withheld', because: DROPPED_AS_MANY_AS_IT_MAY },
  };
};

/** Nothing left to do: leaves the index. */
export const jobRested = (job: Job, because = 'nothing is left to do'): JobChange => ({
  ...changedJob(job),
  remove: ['dueAt'],
  action: { what: 'rested', because },
});

/**
 * There is something for the checker to see: due then, and its backoff starts again.
 *
 * @param dueAt epoch milliseconds; usually now
 * @param shards left out by those who do not know how many there are: the shard stays as it is
 */
export const jobHasNews = (job: Job, dueAt: number, shards?: number): JobChange => ({
  ...changedJob(job),
  set: shards === undefined ? { dueAt } : due(job.jobId, job, dueAt, shards),
  remove: job.raw.looks === undefined ? [] : ['looks'],
  action: { what: 'marked', because: 'there is news for the checker' },
});

/** To be looked at again at `dueAt`. */
export const jobPostponed = (
  job: Job,
  dueAt: number,
  shards: number,
  because = 'no pass would find it in time',
): JobChange => ({
  // Another pass may have settled it meanwhile: what is settled stays out of the index.
  ...changedJob(job, 'segmentsDroppedAt'),
  set: due(job.jobId, job, dueAt, shards),
  action: { what: 'postponed', because },
});

/** A running job that no checker looks at. The marker is the checker's: it is moved only if it has not moved since. */
export const uncheckedPostponed = (job: Job, now: number, shards: number): JobChange => ({
  ...changedJob(job, 'dueAt'),
  set: due(job.jobId, job, now + MAX_BACKOFF_MS, shards),
  action: { what: 'postponed', because: 'no checker has looked at it' },
});

/** An item that cannot be read: nothing but its marker may be written, and only over the marker that was read. */
export const jobPostponedUnread = (jobId: RawId, raw: Item, now: number, shards: number): JobChange => ({
  table: 'jobs',
  key: { jobId },
  if: markerAsRead(raw),
  set: due(jobId, markerOf(raw), now + MAX_BACKOFF_MS, shards),
  remove: [],
  action: { what: 'postponed', because: 'it cannot be read' },
});

const placeAttributes = ({ raw }: Job, { through, past, undropped }: Place) => ({
  set: {
    ...(through !== undefined && { droppedThroughTaskId: through }),
    ...(past !== undefined && { droppedPastTaskId: past, undroppedTaskIds: [...undropped] }),
  },
  remove: (['droppedPastTaskId', 'undroppedTaskIds'] as const).filter(
    (name) => past === undefined && raw[name] !== undefined,
  ),
});
