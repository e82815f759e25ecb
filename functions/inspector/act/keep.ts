import { isInIndex, isTooFarAhead } from '../../copy-segment/due-index.ts';
import type { IndexedTask, Task } from '../../copy-segment/task.ts';
import { postponed } from '../../copy-segment/task-changes.ts';
import type { OfKind } from '../judge.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** Sees to it that a pass finds tasks again of which nothing is known: their jobs did not answer. */
export async function keep(
  pass: Pick<LanePass, 'write' | 'tally' | 'now' | 'shards'>,
  judged: readonly OfKind<'unjudged'>[],
): Promise<Unfinished> {
  const now = pass.now();
  const astray = judged
    .map(({ task }) => task)
    .filter(
      (task) => !isDone(task) && (!isInIndex(task, pass.shards) || isTooFarAhead(task, undefined, now)),
    );
  return writeTasks(pass, new Map(astray.map((task) => [task, postponed(task, now, pass.shards)])), 'mended');
}

/** What is settled or Completed stays out of the index. */
const isDone = (task: IndexedTask | Task): boolean =>
  task.state === 'Completed' || ('segmentsDroppedAt' in task && task.segmentsDroppedAt !== undefined);
