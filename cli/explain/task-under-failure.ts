import { isPresent } from '../../functions/copy-segment/invariants-of-items.ts';
import { isJob, isUnsettledFailure, type Job } from '../../functions/copy-segment/job.ts';
import { placeOf } from '../../functions/copy-segment/job-changes.ts';
import type { IndexedTask, Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import { WHAT_IS_LEFT_IS_UNREADABLE } from '../../functions/copy-segment/task-changes.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { blockOf, leftOf, type Segments } from './drop-postponed.ts';
import type { TaskCondition } from './task-condition.ts';

/**
 * A task whose targets are dropped with its job, which needs no marker; and one that is settled, but not to the last
 * target. Undefined: its own verdict and its marker say where it is.
 */
export function conditionUnderFailure(
  { key, raw, reading }: TaskSighting<IndexedTask | Task>,
  job: KnownJob,
  targets: Segments | undefined,
): TaskCondition | undefined {
  const failed = job !== 'missing' && isJob(job) && job.state === 'Failed' ? job : undefined;
  if (!reading.ok)
    return failed && isUnsettledFailure(failed)
      ? { kind: 'undropped', level: 'stuck', because: reading.reason }
      : undefined;
  const task = reading.value;
  // The index shows neither targets nor a settlement.
  if (!('targetSegmentIds' in task)) return undefined;
  const isTaskSettled = task.state === 'Failed' && task.segmentsDroppedAt !== undefined;
  // What a Completed job published stays.
  if (isTaskSettled)
    return job !== 'missing' && isJob(job) && job.state === 'Completed'
      ? undefined
      : leftVisible(task, failed, targets, 'it is settled');
  if (failed === undefined) return undefined;

  if (!isUnsettledFailure(failed))
    // A marker under a settled job is a late writer's: without one there was none.
    return isPresent(raw.dueAt)
      ? undefined
      : (leftVisible(task, failed, targets, 'its job is settled') ?? DROPPED_WITH_JOB);

  const { through, past, undropped } = placeOf(failed);
  const isUndropped = undropped.includes(key.taskId);
  const block =
    blockOf(task, targets, 'job') ??
    (isUndropped && targets === undefined && failed.dropAttempts !== undefined
      ? WHAT_IS_LEFT_IS_UNREADABLE
      : undefined);
  if (block !== undefined) return { kind: 'undropped', level: 'stuck', because: block };
  if (isPresent(raw.dueAt)) return undefined;
  const reached = past ?? through;
  if (isUndropped || reached === undefined || task.taskId > reached)
    return {
      kind: 'droppedWithJob',
      level: 'waiting',
      because: 'its targets are dropped with its job',
    };
  return (
    leftVisible(task, failed, targets, `the drops of its job are past task ${reached}`) ?? DROPPED_WITH_JOB
  );
}

const DROPPED_WITH_JOB: TaskCondition = {
  kind: 'settled',
  level: 'fine',
  because: 'its targets were dropped with its job, which failed',
};

/** What is settled is not looked at again: a target that is not dropped stays visible. */
function leftVisible(
  task: Task,
  failed: Job | undefined,
  targets: Segments | undefined,
  though: string,
): TaskCondition | undefined {
  const left = targets && leftOf(task, targets, failed ? 'job' : 'task');
  return left === undefined
    ? undefined
    : {
        kind: 'leftVisible',
        level: 'stuck',
        because: `target ${left} is ${String(targets?.get(left)?.state)}, though ${though}`,
      };
}
