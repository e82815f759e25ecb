import type { DropCause } from '../../copy-segment/segment.ts';
import type { Task } from '../../copy-segment/task.ts';
import { settled } from '../../copy-segment/task-changes.ts';
import { truncate } from '../../copy-segment/truncate.ts';
import { keyOfTask } from '../report/pass-report.ts';
import { type DropPass, dropSegments, type Target } from './drop-segments.ts';
import type { LanePass } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** It is written into every target, and a write unit is a kilobyte. */
const MAX_DROP_REASON_LENGTH = 300;

/** A task whose targets are to be dropped: strongly consistent, Failed or of a Failed job. */
export interface ToDrop {
  readonly task: Task;
  readonly cause: DropCause;
  /** Why the task failed, or its job. */
  readonly reason?: string | undefined;
  /** A pass has tried before: its targets are read first. */
  readonly isRetry: boolean;
  /** Not to be settled yet: its checker could not be told. */
  readonly isUntold?: boolean;
}

/** The tasks that are not settled, by why. */
export interface Leftovers {
  /** A read or a write failed: the next pass tries again. */
  readonly failed: ReadonlySet<Task>;
  readonly movedOn: ReadonlySet<Task>;
  /** The pass may drop no more. */
  readonly withheld: ReadonlySet<Task>;
  /** Only unreadable targets are left: trying again soon is pointless. */
  readonly unreadable: ReadonlySet<Task>;
}

/** Drops every target of the tasks, and settles the Failed ones that have no target left. */
export async function dropTargets(pass: DropPass, toDrop: readonly ToDrop[]): Promise<Leftovers> {
  const targets = new Map(toDrop.map((drop) => [drop.task, targetsOf(drop)]));
  const left = await dropSegments(pass, [...targets.values()].flat());

  const failed = new Set<Task>();
  const unreadable = new Set<Task>();
  const withheld = new Set<Task>();
  for (const { task, isUntold } of toDrop) {
    reportFlaws(pass, task);
    const ends = targets.get(task)?.map((target) => left.get(target)) ?? [];
    // Before all else, or what failed as well would be tried again in a minute.
    if (ends.includes('withheld')) withheld.add(task);
    else if (ends.includes('failed') || isUntold) failed.add(task);
    else if (ends.includes('blocked') || task.unreadableTargets !== undefined) unreadable.add(task);
  }

  const toSettle = toDrop
    .map(({ task }) => task)
    .filter(
      (task) => task.state === 'Failed' && !failed.has(task) && !unreadable.has(task) && !withheld.has(task),
    );
  const now = pass.now();
  const unsettled = await writeTasks(
    pass,
    new Map(toSettle.map((task) => [task, settled(task, now)])),
    'settled',
    'its targets are dropped, but it is not settled: ',
  );
  const movedOn = new Set<Task>();
  for (const [task, why] of unsettled) (why === 'failed' ? failed : movedOn).add(task);
  return { failed, movedOn, unreadable, withheld };
}

/** Flaws of a task are reported, but keep no readable target visible. */
function reportFlaws({ tally }: Pick<LanePass, 'tally'>, task: Task): void {
  const flaws = [task.unreadableTargets, task.mappingFlaws].filter((flaw) => flaw !== undefined);
  if (flaws.length > 0) tally.problem({ key: keyOfTask(task), kind: 'malformed', reason: flaws.join('; ') });
}

function targetsOf({ task, cause, reason, isRetry }: ToDrop): Target[] {
  const { jobId, taskId, targetSegmentIds, state } = task;
  const failure =
    state === 'Failed' ? `copy segment task ${taskId} failed` : `copy segment job ${jobId} failed`;
  const dropReason = truncate(reason ? `${failure}: ${reason}` : failure, MAX_DROP_REASON_LENGTH);
  return targetSegmentIds.map((segmentId) => ({ jobId, taskId, segmentId, cause, dropReason, isRetry }));
}
