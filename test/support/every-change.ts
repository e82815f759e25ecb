import { absent, type Change } from '../../functions/copy-segment/change.ts';
import { type CheckedJob, toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import * as checkerJobChanges from '../../functions/copy-segment/checker-job-changes.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { type Job, readJob } from '../../functions/copy-segment/job.ts';
import * as jobChanges from '../../functions/copy-segment/job-changes.ts';
import * as operatorChanges from '../../functions/copy-segment/operator-changes.ts';
import * as segmentChanges from '../../functions/copy-segment/segment-changes.ts';
import { failedToFill, sealed } from '../../functions/copy-segment/submission.ts';
import {
  type DispatchableTask,
  isDispatchable,
  readTask,
  sightTask,
  type Task,
} from '../../functions/copy-segment/task.ts';
import * as taskChanges from '../../functions/copy-segment/task-changes.ts';
import * as workerChanges from '../../functions/copy-segment/worker-changes.ts';
import { expired, HOUR, job, leased, MINUTE, NOW, type Row, segment, task } from './builders.ts';

/** A change, and an item as it has to be for it. */
export interface ChangeCase {
  /** The builder that makes the change, and in which situation. */
  readonly title: string;
  readonly row: Row;
  /** @param item the row as a read of the table returns it */
  make(item: Item): Change;
}

const SHARDS = 4;
// All beyond 2^53, where a number that went through a double would be its neighbour's.
const JOB_ID = 449_999_999_999_999_991n;
const TASK_ID = 2n ** 53n + 1n;
const SEGMENT_ID = 2n ** 63n - 1n;

const aTask = (overrides: Parameters<typeof task>[0] = {}): Row =>
  task({ jobId: JOB_ID, taskId: TASK_ID, targets: [SEGMENT_ID], ...overrides });
const aJob = (overrides: Parameters<typeof job>[0] = {}): Row => job({ jobId: JOB_ID, ...overrides });
const failedJob = (overrides: Parameters<typeof job>[0] = {}): Row => aJob({ state: 'Failed', ...overrides });

const ofTask =
  (change: (task: Task) => Change) =>
  (item: Item): Change => {
    const reading = readTask(item);
    if (!reading.ok) throw new Error(reading.reason);
    return change(reading.value);
  };
const ofFound =
  (change: (task: operatorChanges.FoundTask) => Change) =>
  (item: Item): Change =>
    change({ key: { jobId: JOB_ID, taskId: TASK_ID }, raw: item });
const ofDispatchable = (change: (task: Task & DispatchableTask) => Change) =>
  ofTask((read) => {
    if (!isDispatchable(read)) throw new Error(read.flaws);
    return change(read);
  });
const ofJob =
  (change: (job: Job) => Change) =>
  (item: Item): Change => {
    const reading = readJob(item);
    if (!reading.ok) throw new Error(reading.reason);
    return change(reading.value);
  };

const ofChecked = (change: (job: CheckedJob) => Change) => ofJob((read) => change(toCheckedJob(read)));

const COUNTERS = { completedTasks: 3, completedSegments: 300, copiedBytes: 2 ** 40 };
const PLACE = { through: TASK_ID, past: TASK_ID + 9n, undropped: [TASK_ID + 1n, TASK_ID + 2n] };
const wherePlaced = {
  droppedThroughTaskId: TASK_ID,
  droppedPastTaskId: TASK_ID + 9n,
  undroppedTaskIds: PLACE.undropped,
  dropAttempts: 2,
};
const PROGRESS = { copiedObjects: 7, copiedBytes: 2n ** 40n };
const drop = (item: Item): Change =>
  segmentChanges.dropped(item, { segmentId: SEGMENT_ID, jobId: JOB_ID, dropReason: 'task 1 failed 💥' }, NOW);

/** Every change that anything makes, each in the situations that shape it differently. */
export const EVERY_CHANGE: readonly ChangeCase[] = [
  {
    title: 'enqueued, Pending',
    row: aTask({ nodeId: null }),
    make: ofDispatchable((read) => taskChanges.enqueued(read, NOW, SHARDS)),
  },
  {
    title: 'enqueued, with a running lease',
    row: aTask({ ...leased, dueAt: NOW - MINUTE }),
    make: ofDispatchable((read) => taskChanges.enqueued(read, NOW, SHARDS)),
  },
  {
    title: 'enqueued, InProgress without a lease',
    row: aTask({ state: 'InProgress', dueAt: NOW - MINUTE }),
    make: ofDispatchable((read) => taskChanges.enqueued(read, NOW, SHARDS)),
  },
  {
    title: 'released, and put into a shard that a pass asks',
    row: aTask({ ...expired, dueShard: 99 }),
    make: ofDispatchable((read) => taskChanges.released(read, NOW, SHARDS)),
  },
  {
    title: 'failedForLostLeases',
    row: aTask({ ...expired, lostLeases: 9 }),
    make: ofDispatchable((read) => taskChanges.failedForLostLeases(read, NOW, SHARDS)),
  },
  {
    title: 'settled',
    row: aTask({ state: 'Failed' }),
    make: ofTask((read) => taskChanges.settled(read, NOW)),
  },
  { title: 'rested', row: aTask({ dueAt: NOW }), make: ofTask(taskChanges.rested) },
  {
    title: 'postponed',
    row: aTask(),
    make: ofTask((read) => taskChanges.postponed(read, NOW + HOUR, SHARDS)),
  },
  {
    title: 'droppedInVain',
    row: aTask({ state: 'Failed', dropAttempts: 3 }),
    make: ofTask((read) => taskChanges.droppedInVain(read, NOW, SHARDS)),
  },
  {
    title: 'dropsWithheld',
    row: aTask({ state: 'Failed' }),
    make: ofTask((read) => taskChanges.dropsWithheld(read, NOW, SHARDS)),
  },
  {
    title: 'postponedUnread, on a fraction of a millisecond',
    row: aTask({ state: 'Paused' as 'Pending', dueAt: NOW - 0.5 }),
    make: (item) => taskChanges.postponedUnread(sightTask(item, readTask), NOW, SHARDS),
  },
  {
    title: 'jobSettled',
    row: failedJob(),
    make: ofJob((read) => jobChanges.jobSettled(read, NOW)),
  },
  {
    title: 'jobSettled, with a place to remove',
    row: failedJob(wherePlaced),
    make: ofJob((read) => jobChanges.jobSettled(read, NOW)),
  },
  {
    title: 'placeSaved, the first one',
    row: failedJob(),
    make: ofJob((read) => jobChanges.placeSaved(read, { through: TASK_ID, undropped: [] })),
  },
  {
    title: 'placeSaved, with tasks that cannot be read',
    row: failedJob({ droppedThroughTaskId: TASK_ID - 1n }),
    make: ofJob((read) => jobChanges.placeSaved(read, PLACE)),
  },
  {
    title: 'jobDroppedInVain',
    row: failedJob(wherePlaced),
    make: ofJob((read) => jobChanges.jobDroppedInVain(read, PLACE, NOW, SHARDS)),
  },
  { title: 'jobRested', row: aJob({ state: 'Completed', dueAt: NOW }), make: ofJob(jobChanges.jobRested) },
  {
    title: 'jobDropsWithheld',
    row: failedJob(wherePlaced),
    make: ofJob((read) => jobChanges.jobDropsWithheld(read, PLACE, NOW, SHARDS)),
  },
  {
    title: 'jobPostponed',
    row: failedJob(),
    make: ofJob((read) => jobChanges.jobPostponed(read, NOW + HOUR, SHARDS)),
  },
  {
    title: 'uncheckedPostponed',
    row: aJob({ dueAt: NOW - 2 * HOUR }),
    make: ofJob((read) => jobChanges.uncheckedPostponed(read, NOW, SHARDS)),
  },
  {
    title: 'jobPostponedUnread',
    row: aJob({ state: 'Paused' as 'Failed', dueAt: NOW - HOUR }),
    make: (item) => jobChanges.jobPostponedUnread(JOB_ID, item, NOW, SHARDS),
  },
  {
    title: 'jobStarted',
    row: aJob({ state: 'Pending', dueAt: NOW }),
    make: ofJob((read) => checkerJobChanges.jobStarted(read, NOW, SHARDS)),
  },
  {
    title: 'jobFailed',
    row: aJob({ dueAt: NOW }),
    make: ofJob((read) => checkerJobChanges.jobFailed(read, '1/2 tasks failed: 💥', NOW, SHARDS)),
  },
  {
    title: 'jobCancelled',
    row: aJob({ dueAt: NOW }),
    make: ofJob((read) => checkerJobChanges.jobCancelled(read, 'ada', NOW, SHARDS) as Change),
  },
  {
    title: 'publicationBegun',
    row: aJob({ dueAt: NOW }),
    make: ofJob((read) => checkerJobChanges.publicationBegun(read, COUNTERS, NOW, SHARDS)),
  },
  {
    title: 'publishedThrough, the first place',
    row: aJob({ state: 'Publishing' }),
    make: ofChecked((read) => checkerJobChanges.publishedThrough(read, TASK_ID)),
  },
  {
    title: 'publishedThrough, from a place on',
    row: aJob({ state: 'Publishing', publishedThroughTaskId: TASK_ID - 1n }),
    make: ofChecked((read) => checkerJobChanges.publishedThrough(read, TASK_ID)),
  },
  {
    title: 'jobCompleted',
    row: aJob({ state: 'Publishing', dueAt: NOW, publishedThroughTaskId: TASK_ID }),
    make: ofChecked((read) => checkerJobChanges.jobCompleted(read, NOW)),
  },
  {
    title: 'jobWaited, with true counters',
    row: aJob({ dueAt: NOW, completedTasks: 2, looks: 1 }),
    make: ofChecked((read) =>
      checkerJobChanges.jobWaited(read, { looks: 2, counters: COUNTERS }, NOW, SHARDS),
    ),
  },
  {
    title: 'jobWaited, while hints come in',
    row: aJob({ dueAt: NOW }),
    make: ofChecked((read) => checkerJobChanges.jobWaited(read, { looks: 1 }, NOW, SHARDS)),
  },
  {
    title: 'jobMarked, without a marker',
    row: aJob({ dueShard: undefined, dueAt: undefined }),
    make: ofJob((read) => checkerJobChanges.jobMarked(read, NOW, SHARDS)),
  },
  {
    title: 'jobSeemsDone',
    row: aJob({ dueAt: undefined, looks: 2 }),
    make: ofJob((read) => checkerJobChanges.jobSeemsDone(read, NOW, SHARDS)),
  },
  {
    title: 'published',
    row: segment(SEGMENT_ID, 'Importing', { jobId: JOB_ID }),
    make: () => segmentChanges.published({ segmentId: SEGMENT_ID, jobId: JOB_ID }, JOB_ID, NOW),
  },
  {
    title: 'published, without an owner',
    row: segment(SEGMENT_ID, 'Importing', { jobId: null }),
    make: () => segmentChanges.published({ segmentId: SEGMENT_ID, jobId: JOB_ID }, absent, NOW),
  },
  { title: 'dropped', row: segment(SEGMENT_ID, 'Importing', { jobId: JOB_ID }), make: drop },
  { title: 'dropped, without an owner', row: segment(SEGMENT_ID, 'Growing', { jobId: null }), make: drop },
  {
    title: 'dropped, though published',
    row: segment(SEGMENT_ID, 'Flushed', { jobId: JOB_ID, publishedAt: NOW }),
    make: drop,
  },
  {
    title: 'claimed, Pending',
    row: aTask(),
    make: ofDispatchable((read) => workerChanges.claimed(read, 'node-1', NOW + HOUR)),
  },
  {
    title: 'claimed, InProgress without a lease',
    row: aTask({ state: 'InProgress' }),
    make: ofDispatchable((read) => workerChanges.claimed(read, 'node-1', NOW + HOUR)),
  },
  {
    title: 'renewed, with progress',
    row: aTask(leased),
    make: ofDispatchable((read) => workerChanges.renewed(read, NOW + HOUR, PROGRESS)),
  },
  {
    title: 'completed',
    row: aTask(leased),
    make: ofDispatchable((read) => workerChanges.completed(read, PROGRESS, NOW)),
  },
  {
    title: 'failed',
    row: aTask(leased),
    make: ofDispatchable((read) => workerChanges.failed(read, 'the source is gone', NOW)),
  },
  {
    title: 'retried',
    row: aTask(leased),
    make: ofDispatchable((read) => workerChanges.retried(read, 'slow down', NOW)),
  },
  {
    title: 'handedOver, with progress',
    row: aTask(leased),
    make: ofDispatchable((read) => workerChanges.handedOver(read, PROGRESS, NOW)),
  },
  {
    title: 'counted, from 0 and from more at once',
    row: aJob({ completedTasks: 2 }),
    make: () =>
      workerChanges.counted(
        { jobId: JOB_ID, targetSegmentIds: [SEGMENT_ID] } as unknown as workerChanges.ClaimedTask,
        PROGRESS,
      ),
  },
  {
    title: 'jobHasNews, after vain looks',
    row: aJob({ looks: 3, dueAt: NOW + HOUR }),
    make: ofJob((read) => jobChanges.jobHasNews(read, NOW)),
  },
  {
    title: 'leaseTaken',
    row: aTask(leased),
    make: ofDispatchable((read) => operatorChanges.leaseTaken(read, NOW, SHARDS)),
  },
  {
    title: 'leaseTaken, though there is none',
    row: aTask({ state: 'InProgress' }),
    make: ofDispatchable((read) => operatorChanges.leaseTaken(read, NOW, SHARDS)),
  },
  {
    title: 'staleLeaseRemoved, Pending',
    row: aTask({ nodeId: 'datanode-1', leaseExpiresAt: NOW + HOUR }),
    make: ofFound(operatorChanges.staleLeaseRemoved),
  },
  {
    title: 'requeued, into a shard that a pass asks',
    row: aTask({ dueAt: null, dueShard: 99 }),
    make: ofFound((found) => operatorChanges.requeued(found, NOW, SHARDS)),
  },
  {
    title: 'requeued, though settled',
    row: aTask({ state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
    make: ofFound((found) => operatorChanges.requeued(found, NOW, SHARDS)),
  },
  {
    title: 'failedByHand, though unreadable',
    row: aTask({ ...leased, state: 'Paused' as 'Pending', nodeId: 'datanode-1' }),
    make: ofFound((found) =>
      operatorChanges.failedByHand(found, { who: 'ada', reason: 'impossible 💥' }, NOW, SHARDS),
    ),
  },
  { title: 'taskForgotten', row: aTask(), make: ofFound(operatorChanges.taskForgotten) },
  {
    title: 'jobForgotten',
    row: aJob({ dueAt: NOW }),
    make: (item) => operatorChanges.jobForgotten(JOB_ID, item),
  },
  {
    title: 'sealed',
    row: aJob({ state: 'Pending' }),
    make: () => sealed({ jobId: JOB_ID, collectionId: 7n }, NOW),
  },
  {
    title: 'failedToFill',
    row: aJob({ state: 'Pending' }),
    make: () => failedToFill({ jobId: JOB_ID, collectionId: 7n }, 'a target is taken', NOW),
  },
];

/** What the rooms of changes export besides: no changes of their own. */
const OTHERS: readonly string[] = ['placeOf', 'publishing', 'nextLookAt'];

/** The name of every builder of a change. */
export const CHANGE_BUILDERS: readonly string[] = [
  taskChanges,
  jobChanges,
  checkerJobChanges,
  segmentChanges,
  workerChanges,
  operatorChanges,
  { sealed, failedToFill },
]
  .flatMap((room) => Object.entries(room))
  .filter(([name, value]) => typeof value === 'function' && !OTHERS.includes(name))
  .map(([name]) => name);

/** A row like another one with the id next to it: the same number to whoever counts in doubles. */
export function neighbourOf({ table, item }: Row): Row {
  const key = { jobs: 'jobId', tasks: 'taskId', segments: 'segmentId' }[table];
  return { table, item: { ...item, [key]: (item[key] as bigint) - 1n } };
}

/** What a read returns after the change: what it was, with what is set and counted, without what is removed. */
export function itemAfter(before: Item, { set, add = {}, remove }: Change): Item {
  const counted = Object.entries(add).map(([name, by]) => [
    name,
    ((before[name] as bigint) ?? 0n) + BigInt(by),
  ]);
  const after = { ...before, ...asRead(set), ...Object.fromEntries(counted) };
  for (const name of remove) delete after[name as keyof typeof after];
  return after;
}

/** An item as a read returns it: every whole number is a `bigint`. */
export const asRead = (item: object): Item =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, Number.isInteger(value) ? BigInt(value) : value]),
  );

/** Whether it is part of the key of the `due` index, which cannot be NULL. */
export const isOfIndex = (name: string): boolean => name === 'dueAt' || name === 'dueShard';

/** What the attribute of a condition may be instead, by description; `undefined`: absent. */
export function violationsOf(name: string, condition: unknown): [description: string, value: unknown][] {
  const other = typeof condition === 'string' || name === 'state' ? 'Other' : 17n;
  const all: [string, unknown][] = [['something else', other]];
  if (condition !== absent) all.push(['absent', undefined]);
  if (condition !== null && !isOfIndex(name)) all.push(['NULL', null]);
  return all;
}
