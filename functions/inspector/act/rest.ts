import { rested } from '../../copy-segment/task-changes.ts';
import type { OfKind } from '../judge.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** Takes tasks with nothing left to do out of the index; those that are not in it are not touched. */
export async function rest(
  pass: Pick<LanePass, 'write' | 'tally'>,
  judged: readonly OfKind<'rest'>[],
): Promise<Unfinished> {
  const marked = judged.filter(({ task }) => task.dueAt !== undefined);
  const changes = new Map(marked.map(({ task, because }) => [task, rested(task, because)]));
  return writeTasks(pass, changes, 'rested');
}
