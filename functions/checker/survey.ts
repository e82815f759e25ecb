import type { Counters } from '../copy-segment/checker-job-changes.ts';
import { isId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import type { Task, TaskSighting } from '../copy-segment/task.ts';
import { createIdList, type IdList } from './id-list.ts';

/** What the tasks of a job come to, gathered in one reading. */
export interface Survey {
  /** Tasks that were found, readable or not. */
  readonly total: number;
  readonly failed: number;
  /** Of the first Failed task, in ascending id. */
  readonly firstFailure?: string;
  /** The first task that can be read and is not Completed. */
  readonly firstUnfinished?: string;
  readonly counters: Counters;
  /** When the last of them was completed, epoch milliseconds; 0 if none was. */
  readonly lastCompletedAt: number;
  readonly distinctTargets: number;
  /** What is wrong with them, one reason of each kind; empty if nothing is. */
  readonly flaws: readonly string[];
  /** Where to find the targets of each task, in ascending task id. */
  readonly targets: Targets;
}

/** Every target of every task, in a few bytes each: a publication needs no second reading. */
export interface Targets {
  readonly segmentIds: IdList;
  readonly taskIds: IdList;
  /** The place in `segmentIds` after the last target of each task. */
  readonly ends: IdList;
}

/** Gathers what the tasks of a job come to. Memory grows by 8 bytes a target. */
export function createSurvey() {
  const segmentIds = createIdList();
  const taskIds = createIdList();
  const ends = createIdList();
  let total = 0;
  let failed = 0;
  let completed = 0;
  let completedSegments = 0;
  let copiedBytes = 0n;
  let lastCompletedAt = 0;
  let firstFailure: string | undefined;
  let firstUnfinished: string | undefined;
  let unreadable: string | undefined;
  let unreadables = 0;
  let repeated: bigint | undefined;

  const addReadable = (task: Task): void => {
    const { taskId, state, targetSegmentIds } = task;
    if (state === 'Failed') {
      failed++;
      firstFailure ??= task.reason ?? `task ${taskId} gives no reason`;
    }
    if (state !== 'Completed') firstUnfinished ??= `task ${taskId} is ${state}`;
    else {
      completed++;
      completedSegments += targetSegmentIds.length;
      copiedBytes += wholeOf(task.raw, 'copiedBytes');
      lastCompletedAt = Math.max(lastCompletedAt, Number(wholeOf(task.raw, 'completedAt')));
    }
    for (const segmentId of targetSegmentIds) segmentIds.add(segmentId);
    if (isId(taskId)) {
      taskIds.add(taskId);
      ends.add(BigInt(segmentIds.length));
    }
    repeated ??= task.repeatedTargets?.[0];
  };

  return {
    add({ key, reading }: TaskSighting<Task>): void {
      total++;
      const flaw = reading.ok
        ? (reading.value.unreadableTargets ?? reading.value.mappingFlaws)
        : reading.reason;
      if (flaw !== undefined) {
        unreadables++;
        unreadable ??= `task ${key.taskId}: ${flaw}`;
      }
      if (reading.ok) addReadable(reading.value);
    },

    end(): Survey {
      const distinct = segmentIds.distinct();
      const twice = repeated ?? distinct.repeated;
      const others = unreadables > 1 ? ` (and ${unreadables - 1} more tasks that cannot be read)` : '';
      return {
        total,
        failed,
        ...(firstFailure !== undefined && { firstFailure }),
        ...(firstUnfinished !== undefined && { firstUnfinished }),
        counters: {
          completedTasks: completed,
          completedSegments,
          copiedBytes: Number(copiedBytes > MAX_COUNT ? MAX_COUNT : copiedBytes),
        },
        lastCompletedAt,
        distinctTargets: distinct.count,
        flaws: [
          ...(unreadable === undefined ? [] : [`${unreadable}${others}`]),
          ...(twice === undefined ? [] : [`target ${twice} is named twice`]),
        ],
        targets: { segmentIds, taskIds, ends },
      };
    },
  };
}

const MAX_COUNT = BigInt(Number.MAX_SAFE_INTEGER);

/** A count of others, for what decides nothing. */
const wholeOf = (raw: Item, name: string): bigint => {
  const value = raw[name];
  return typeof value === 'bigint' && value > 0n ? value : 0n;
};
