import { rested } from '../../copy-segment/task-changes.ts';
import type { Judged } from '../judge.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** Takes tasks with nothing left to do out of the index; those that are not in it are not touched. */
export async function rest(
  pass: Pick<LanePass, 'write' | 'tally'>,
  judged: readonly Judged[],
): Promise<Unfinished> {
  const marked = judged.flatMap((verdict) =>
    verdict.kind === 'rest' && verdict.task.dueAt !== undefined ? [verdict.task] : [],
  );
  return writeTasks(pass, new Map(marked.map((task) => [task, rested(task)])), 'rested');
}
