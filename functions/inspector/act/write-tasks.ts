import type { Change } from '../../copy-segment/change.ts';
import type { RawTaskKey } from '../../copy-segment/task.ts';
import type { Pass } from '../pass.ts';
import { keyOfTask, type TaskOutcome } from '../report/pass-report.ts';

/**
 * Makes one change per task, and counts how each ended.
 *
 * @param done what a task that was changed is counted as
 * @param because what failed, for the report
 * @returns the tasks that were not changed
 */
export async function writeTasks<T extends RawTaskKey>(
  { write, tally }: Pick<Pass, 'write' | 'tally'>,
  changes: ReadonlyMap<T, Change<'tasks'>>,
  done: TaskOutcome,
  because = '',
): Promise<Map<T, 'failed' | 'movedOn'>> {
  const unfinished = new Map<T, 'failed' | 'movedOn'>();
  if (changes.size === 0) return unfinished;
  const outcomes = await write([...changes.values()]);
  for (const [index, task] of [...changes.keys()].entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind === 'done') tally.tasks[done]++;
    else if (outcome?.kind === 'conditionFailed') {
      tally.tasks.movedOn++;
      unfinished.set(task, 'movedOn');
    } else {
      tally.tasks.failed++;
      tally.problem({
        key: keyOfTask(task),
        kind: 'failed',
        reason: `${because}${outcome?.reason ?? 'no answer'}`,
      });
      unfinished.set(task, 'failed');
    }
  }
  return unfinished;
}
