import { applied } from '../../copy-segment/change.ts';
import type { DispatchableTask, IndexedTask } from '../../copy-segment/task.ts';
import { released } from '../../copy-segment/task-changes.ts';
import type { OfKind } from '../judge.ts';
import { enqueue, type ToEnqueue } from './enqueue.ts';
import type { LanePass, Unended, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/**
 * Sends tasks to the scheduler: Pending ones, those whose expired lease it takes back first, and in a recovery those in
 * progress.
 *
 * @returns the tasks that were not released or not marked; those that failed are as they were read, and stay due
 */
export async function dispatch(
  pass: LanePass,
  judged: readonly OfKind<'enqueue' | 'release'>[],
): Promise<Unfinished> {
  const now = pass.now();
  const releases = new Map(
    judged.flatMap((verdict) =>
      verdict.kind === 'release' ? [[verdict.task, released(verdict.task, now, pass.shards)]] : [],
    ),
  );
  const unreleased = await writeTasks(pass, releases, 'released');
  const toEnqueue = judged.flatMap((verdict): ToEnqueue[] => {
    if (verdict.kind === 'enqueue') return [{ task: verdict.task, reason: verdict.messageReason }];
    const release = releases.get(verdict.task);
    return release && !unreleased.has(verdict.task)
      ? [{ task: applied(verdict.task, release) as DispatchableTask, reason: 'lease-expired' }]
      : [];
  });
  return new Map<IndexedTask, Unended>([...unreleased, ...(await enqueue(pass, toEnqueue))]);
}
