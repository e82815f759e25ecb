import type { Task } from '../../copy-segment/task.ts';
import { truncate } from '../../copy-segment/truncate.ts';
import type { Pass, Unfinished } from '../pass.ts';
import { keyOfTask } from '../report/pass-report.ts';
import { dropSegments, type Target } from './drop-segments.ts';

/** It is written into every target, and a write unit is a kilobyte. */
const MAX_DROP_REASON_LENGTH = 300;

/**
 * Drops every target of the tasks, and settles the Failed ones that have no target left.
 *
 * @param tasks strongly consistent, each of them Failed or of a Failed job
 * @returns the tasks that have a target left, or could not be settled: they stay due
 */
export async function dropAndSettle(
  pass: Pass,
  tasks: readonly Task[],
  jobReason?: string,
): Promise<Unfinished> {
  const targets = new Map(tasks.map((task) => [task, targetsOf(task, jobReason)]));
  const failed = await dropSegments(pass, [...targets.values()].flat());
  const hasTargetsLeft = (task: Task): boolean =>
    targets.get(task)?.some((target) => failed.has(target)) ?? false;
  const unsettled = new Map<Task, 'failed' | 'movedOn'>();
  for (const task of tasks) if (hasTargetsLeft(task)) unsettled.set(task, 'failed');

  const toSettle = tasks.filter((task) => task.state === 'Failed' && !unsettled.has(task));
  const outcomes = await pass.tasks.settle(toSettle, pass.now());
  for (const [index, task] of toSettle.entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind === 'done') pass.tally.tasks.settled++;
    else if (outcome?.kind === 'conditionFailed') {
      pass.tally.tasks.movedOn++;
      unsettled.set(task, 'movedOn');
    } else {
      unsettled.set(task, 'failed');
      pass.tally.tasks.failed++;
      pass.tally.problem({
        key: keyOfTask(task),
        kind: 'failed',
        reason: `its targets are dropped, but it is not settled: ${outcome?.reason ?? 'no answer'}`,
      });
    }
  }
  return unsettled;
}

function targetsOf({ jobId, taskId, targetSegmentIds, state, reason }: Task, jobReason?: string): Target[] {
  const failure =
    state === 'Failed' ? `copy segment task ${taskId} failed` : `copy segment job ${jobId} failed`;
  const why = state === 'Failed' ? reason : jobReason;
  const dropReason = why ? truncate(`${failure}: ${why}`, MAX_DROP_REASON_LENGTH) : failure;
  return targetSegmentIds.map((segmentId) => ({ jobId, taskId, segmentId, dropReason }));
}
