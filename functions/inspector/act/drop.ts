import { applied } from '../../copy-segment/change.ts';
import type { Task } from '../../copy-segment/task.ts';
import {
  droppedInVain,
  dropsWithheld,
  failedForLostLeases,
  LEASES_LOST,
  rested,
} from '../../copy-segment/task-changes.ts';
import type { OfKind } from '../judge.ts';
import { keyOfTask } from '../report/pass-report.ts';
import { dropTargets, type ToDrop } from './drop-targets.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { noteWithheld } from './note-withheld.ts';
import { tellCheckers } from './tell-checkers.ts';
import { writeTasks } from './write-tasks.ts';

/**
 * Fails tasks that lost too many leases; drops the targets of these and of all that failed, or whose job did, and
 * settles them. One pass leaves nothing half-way.
 */
export async function drop(pass: LanePass, judged: readonly OfKind<'fail' | 'drop'>[]): Promise<Unfinished> {
  if (pass.isOver()) {
    pass.tally.leaveUndone();
    return new Map();
  }
  const now = pass.now();
  const failures = new Map(
    judged.flatMap((verdict) =>
      verdict.kind === 'fail' ? [[verdict.task, failedForLostLeases(verdict.task, now, pass.shards)]] : [],
    ),
  );
  const unfailed = await writeTasks(pass, failures, 'failedForLostLeases');

  /** What each verdict was on: a task that was failed just now reads differently. */
  const judgedAs = new Map<Task, Task>();
  const toDrop = judged.flatMap((verdict): ToDrop[] => {
    if (verdict.kind === 'drop') {
      judgedAs.set(verdict.task, verdict.task);
      return [{ ...verdict, isRetry: verdict.task.dropAttempts > 0 }];
    }
    const failure = failures.get(verdict.task);
    if (failure === undefined || unfailed.has(verdict.task)) return [];
    pass.tally.problem({ key: keyOfTask(verdict.task), kind: 'lostLeases', reason: LEASES_LOST });
    // Its Failed state is known as surely as by a strong read: the conditional write made it.
    const task = applied(verdict.task, failure);
    judgedAs.set(task, verdict.task);
    return [{ task, cause: 'task', reason: LEASES_LOST, isRetry: false }];
  });

  // First: a task that is settled is not looked at again.
  const untold = await tellCheckers(
    pass,
    judged.flatMap((verdict) =>
      verdict.job === undefined || (verdict.kind === 'fail' && unfailed.has(verdict.task))
        ? []
        : [verdict.job],
    ),
  );
  const { failed, movedOn, unreadable, withheld } = await dropTargets(
    pass,
    toDrop.map((each) => ({ ...each, isUntold: untold.has(each.task.jobId) })),
  );
  const isLeft = (task: Task): boolean =>
    failed.has(task) || movedOn.has(task) || unreadable.has(task) || withheld.has(task);
  const vain = new Map([...unreadable].map((task) => [task, droppedInVain(task, pass.now(), pass.shards)]));
  const putOff = new Map([...withheld].map((task) => [task, dropsWithheld(task, pass.now(), pass.shards)]));
  for (const { jobId } of withheld) noteWithheld(pass, jobId);
  // What did not fail itself is not settled: it has nothing left to do.
  const toRest = toDrop.filter(
    ({ task }) => task.state !== 'Failed' && task.dueAt !== undefined && !isLeft(task),
  );
  const [unpostponed, unwithheld, unrested] = await Promise.all([
    writeTasks(pass, vain, 'postponed'),
    writeTasks(pass, putOff, 'withheld'),
    writeTasks(pass, new Map(toRest.map(({ task }) => [task, rested(task)])), 'rested'),
  ]);

  const ends: [Task, 'failed' | 'movedOn'][] = [
    ...[...failed].map((task): [Task, 'failed'] => [task, 'failed']),
    ...[...movedOn].map((task): [Task, 'movedOn'] => [task, 'movedOn']),
    ...unpostponed,
    ...unwithheld,
    ...unrested,
  ];
  return new Map([...unfailed, ...ends.map(([task, end]) => [judgedAs.get(task) ?? task, end] as const)]);
}
