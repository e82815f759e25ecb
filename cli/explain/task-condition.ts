import { judgeTarget } from '../../functions/checker/judge-target.ts';
import { isInIndex, isTooFarAhead } from '../../functions/copy-segment/due-index.ts';
import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import { isJob, isRunning } from '../../functions/copy-segment/job.ts';
import { type DropCause, judgeSegment } from '../../functions/copy-segment/segment.ts';
import {
  type IndexedTask,
  isDispatchable,
  type Task,
  type TaskSighting,
} from '../../functions/copy-segment/task.ts';
import { WHAT_IS_LEFT_IS_UNREADABLE } from '../../functions/copy-segment/task-changes.ts';
import { type KnownJob, type Verdict, verdictOn } from '../../functions/inspector/verdict.ts';
import { timeText } from '../operate/time-text.ts';
import type { Condition } from './condition.ts';
import { blockOf, isWithheldUntil, leftOf, type Segments } from './drop-postponed.ts';
import { conditionUnderFailure } from './task-under-failure.ts';

/** Of those that are as bad, the one to look at first comes first. */
export const TASK_CONDITION_KINDS = [
  'undropped',
  'malformed',
  'contradiction',
  'orphan',
  'foreign',
  'targetLost',
  'leftVisible',
  'noLease',
  'missingMarker',
  'wrongShard',
  'markerTooFar',
  'dropPostponed',
  'withheld',
  'leaseLost',
  'messageLost',
  'halfDropped',
  'toDrop',
  'overdue',
  'neverSent',
  'jobOver',
  'droppedWithJob',
  'backingOff',
  'inQueue',
  'leaseRunning',
  'forgotten',
  'settled',
  'completed',
] as const;
export type TaskConditionKind = (typeof TASK_CONDITION_KINDS)[number];

export type TaskCondition = Condition<TaskConditionKind>;

/** What surrounds a condition. */
export interface Moment {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly shards: number;
}

/**
 * Why a task is where it is: the inspector's own verdict on it, and whether a pass will find it.
 *
 * @param targets its target segments, if they were read
 */
export function conditionOfTask(
  sighting: TaskSighting<IndexedTask | Task>,
  job: KnownJob,
  moment: Moment,
  targets?: Segments,
): TaskCondition {
  const { reading } = sighting;
  const withJob = conditionUnderFailure(sighting, job, targets);
  if (withJob) return withJob;
  if (!reading.ok) {
    const isForgotten = !isPresent(sighting.raw.dueAt);
    return isForgotten ? forgotten(reading.reason) : stuck('malformed', reading.reason);
  }
  const task = reading.value;
  const verdict = verdictOn(task, job, moment.now, 'inspect');
  return (
    flawOfTargets(task, verdict, job, targets) ??
    flawOfMarker(task, verdict, moment) ??
    conditionBy(task, verdict, job, moment, targets)
  );
}

/** The index shows no mappings. */
const targetsOf = (task: IndexedTask | Task): readonly bigint[] =>
  'targetSegmentIds' in task ? task.targetSegmentIds : [];

const stuck = (kind: TaskConditionKind, because: string): TaskCondition => ({
  kind,
  level: 'stuck',
  because,
});
const forgotten = (because: string): TaskCondition => ({
  kind: 'forgotten',
  level: 'fine',
  because: `${because}; it is out of the index: nobody looks at it`,
});

/** A target that can never be published makes the whole job fail: the sooner the better. */
function flawOfTargets(
  task: IndexedTask | Task,
  { kind }: Verdict,
  job: KnownJob,
  targets: Segments | undefined,
): TaskCondition | undefined {
  const isToBePublished =
    job !== 'missing' && isJob(job) && isRunning(job) && task.state !== 'Failed' && kind !== 'malformed';
  if (!isToBePublished || targets === undefined) return undefined;
  for (const segmentId of targetsOf(task)) {
    const segment = targets.get(segmentId);
    const judgement = judgeTarget(segment, task.jobId);
    if (judgement.kind !== 'lost') continue;
    const isForeign = judgeSegment(segment, task.jobId, 'job') === 'foreign';
    return stuck(isForeign ? 'foreign' : 'targetLost', `target ${segmentId} is ${judgement.is}`);
  }
  return undefined;
}

/** Verdicts on items that a pass has to find, now or later. */
const NEEDS_MARKER: ReadonlySet<Verdict['kind']> = new Set(['enqueue', 'release', 'fail', 'drop', 'wait']);

function flawOfMarker(
  task: IndexedTask | Task,
  { kind }: Verdict,
  { now, shards }: Moment,
): TaskCondition | undefined {
  const { dueAt, dueShard } = task;
  if (dueAt === undefined)
    return NEEDS_MARKER.has(kind)
      ? stuck('missingMarker', `it is ${task.state} and has no dueAt: no pass will find it`)
      : undefined;
  if (!isInIndex(task, shards))
    return stuck(
      'wrongShard',
      `its dueShard is ${dueShard ?? 'missing'}: passes ask 0 to ${shards - 1}, and never find it`,
    );
  const lease = task.state === 'InProgress' && isDispatchable(task) ? task.leaseExpiresAt : undefined;
  return isTooFarAhead(task, lease, now)
    ? stuck('markerTooFar', `its dueAt is ${dueAt}: further ahead than anything that sets one`)
    : undefined;
}

function conditionBy(
  task: IndexedTask | Task,
  verdict: Verdict<IndexedTask | Task>,
  job: KnownJob,
  { now }: Moment,
  targets: Segments | undefined,
): TaskCondition {
  const { because } = verdict;
  const isDue = task.dueAt !== undefined && task.dueAt <= now;
  switch (verdict.kind) {
    case 'enqueue': {
      const { enqueueCount } = verdict.task;
      if (enqueueCount === 0)
        return isDue
          ? { kind: 'neverSent', level: 'late', because: 'it is due, and was never sent' }
          : {
              kind: 'backingOff',
              level: 'waiting',
              because: 'it was given back, and waits to be sent again',
            };
      return isDue
        ? { kind: 'overdue', level: 'late', because: 'it was sent, nobody took it, and it is due again' }
        : { kind: 'inQueue', level: 'waiting', because: 'it was sent, and waits for a worker' };
    }
    case 'wait':
      return { kind: 'leaseRunning', level: 'waiting', because };
    case 'release':
    case 'fail':
      return { kind: 'leaseLost', level: 'late', because };
    case 'drop': {
      // It waits in the queue or is held still, as it was when its job failed: the drops are the job's, which is due.
      if (!isDue && task.state !== 'Failed') return { kind: 'droppedWithJob', level: 'waiting', because };
      if (!isDue) return postponedDrop(task, verdict.cause, targets, now);
      const isBegun = targetsOf(task).some((id) => targets?.get(id)?.state === 'Dropped');
      return { kind: isBegun ? 'halfDropped' : 'toDrop', level: 'late', because };
    }
    case 'orphan':
    case 'contradiction':
    case 'malformed':
      return task.dueAt === undefined ? forgotten(because) : stuck(verdict.kind, because);
    case 'rest':
      return conditionAtRest(task, job, because);
  }
}

/** A Failed task that is not due: a pass put it off, or whoever failed it left the marker as it was. */
function postponedDrop(
  task: IndexedTask | Task,
  cause: DropCause,
  targets: Segments | undefined,
  now: number,
): TaskCondition {
  // The index shows neither attempts nor targets.
  if (!('dropAttempts' in task)) return stuck('dropPostponed', 'its drops are put off');
  const isTried = task.dropAttempts > 0;
  const isLeft = targets === undefined ? !isTried : leftOf(task, targets, cause) !== undefined;
  if (isLeft && isWithheldUntil(task.dueAt, task.raw.completedAt, now))
    return {
      kind: 'withheld',
      level: 'late',
      because: 'its drops are withheld: a pass had dropped as many segments as it may',
    };
  const block = blockOf(task, targets, cause);
  if (block !== undefined || isTried) return stuck('dropPostponed', block ?? WHAT_IS_LEFT_IS_UNREADABLE);
  return stuck(
    'markerTooFar',
    `it failed, and its dueAt is ${timeText(task.dueAt ?? now)}: whoever failed it did not make it due`,
  );
}

function conditionAtRest(task: IndexedTask | Task, job: KnownJob, because: string): TaskCondition {
  if ('segmentsDroppedAt' in task && task.segmentsDroppedAt !== undefined)
    return { kind: 'settled', level: 'fine', because };
  const jobState = job !== 'missing' && isJob(job) ? job.state : undefined;
  if (jobState === 'Failed') return { kind: 'droppedWithJob', level: 'waiting', because };
  if (task.state === 'Completed') return { kind: 'completed', level: 'fine', because };
  if (jobState !== 'Completed') return stuck('noLease', because);
  // It is out of the index with the next pass.
  return { kind: 'jobOver', level: task.dueAt === undefined ? 'fine' : 'late', because };
}
