import { isInIndex, MAX_BACKOFF_MS } from '../../copy-segment/due-index.ts';
import type { WriteOutcome } from '../../copy-segment/stores.ts';
import type { IndexedTask, Task } from '../../copy-segment/task.ts';
import type { Pass, Unfinished } from '../pass.ts';
import { keyOfTask, type Problem, type TaskOutcome } from '../report/pass-report.ts';
import { LEASES_LOST, type Verdict, type VerdictKind } from '../verdict.ts';
import { dispatch, type ToEnqueue } from './dispatch.ts';
import { dropAndSettle } from './drop.ts';

/** A task and what is to be done about it: to fail it or to drop its targets takes the task as the table holds it. */
export type Judged =
  | { readonly task: Task; readonly verdict: Verdict }
  | { readonly task: IndexedTask; readonly verdict: Exclude<Verdict, { kind: 'fail' | 'drop' }> };

/**
 * Carries out the verdicts on a chunk of tasks, each kind in its lane, the lanes side by side.
 *
 * @param judged in ascending (job id, task id); enqueued in that order
 */
export async function carryOut(pass: Pass, judged: readonly Judged[]): Promise<void> {
  const lanes = await Promise.all([
    enqueueLane(pass, judged),
    dropLane(pass, judged),
    restLane(pass, judged),
    orphanLane(pass, judged),
  ]);
  if (pass.request.mode === 'recover')
    await mendMarkers(pass, judged, new Map(lanes.flatMap((lane) => [...lane])));
}

async function enqueueLane(pass: Pass, judged: readonly Judged[]): Promise<Unfinished> {
  const expired = ofKind(judged, 'release').map(({ task }) => task);
  const releasedAt = pass.now();
  const releases = new Map(zip(expired, await pass.tasks.release(expired, releasedAt)));
  const unreleased = count(pass, releases, 'released');

  const toEnqueue: ToEnqueue[] = [];
  for (const { task, verdict } of judged) {
    if (verdict.kind === 'enqueue') toEnqueue.push({ task, reason: verdict.messageReason });
    if (releases.get(task)?.kind === 'done')
      toEnqueue.push({ task: released(task, releasedAt), reason: 'lease-expired' });
  }
  return new Map([...unreleased, ...(await dispatch(pass, toEnqueue))]);
}

/** The task that a release leaves behind. */
function released({ leaseExpiresAt: _, ...task }: IndexedTask, now: number): IndexedTask {
  return { ...task, state: 'Pending', taskVersion: task.taskVersion + 1, enqueueCount: 0, dueAt: now };
}

async function dropLane(pass: Pass, judged: readonly Judged[]): Promise<Unfinished> {
  const lost = ofKind(judged, 'fail').map(({ task }) => task);
  const failed = ofKind(judged, 'drop').map(({ task }) => task);
  const failures = new Map(zip(lost, await pass.tasks.fail(lost, pass.now())));
  const unfailed = count(pass, failures, 'failedForLostLeases');
  const failedNow = lost.filter((task) => failures.get(task)?.kind === 'done');
  for (const task of failedNow) pass.tally.problem(problem(task, 'lostLeases', LEASES_LOST));

  const toSettle = [
    ...failed,
    // Their Failed state is known as surely as by a strong read: the conditional write made it.
    ...failedNow.map((task): Task => ({ ...task, state: 'Failed', reason: LEASES_LOST })),
  ];
  const unsettled = await dropAndSettle(pass, toSettle);
  return new Map([...unfailed, ...unsettled]);
}

async function restLane(pass: Pass, judged: readonly Judged[]): Promise<Unfinished> {
  const marked = ofKind(judged, 'rest').flatMap(({ task }) => (task.dueAt === undefined ? [] : [task]));
  return count(pass, zip(marked, await pass.tasks.rest(marked)), 'rested');
}

async function orphanLane(pass: Pass, judged: readonly Judged[]): Promise<Unfinished> {
  const orphans = ofKind(judged, 'orphan');
  for (const { task, verdict } of orphans) pass.tally.problem(problem(task, 'orphan', verdict.because));
  const tasks = orphans.map(({ task }) => task);
  return count(pass, zip(tasks, await pass.tasks.schedule(tasks, pass.now() + MAX_BACKOFF_MS)), 'postponed');
}

/**
 * Every write of the lanes sets the marker right. What is left are tasks whose work failed and that no pass
 * would find again: they get a marker, so that the next inspection tries.
 */
async function mendMarkers(pass: Pass, judged: readonly Judged[], unfinished: Unfinished): Promise<void> {
  const astray = judged
    .filter(({ task, verdict }) => needsMending(task, verdict, pass.shards))
    .map(({ task }) => task);
  pass.tally.tasks.mended += astray.filter((task) => !unfinished.has(task)).length;
  const lost = astray.filter((task) => unfinished.get(task) === 'failed' && !isInIndex(task, pass.shards));
  count(pass, zip(lost, await pass.tasks.schedule(lost, pass.now())), 'mended');
}

function needsMending(task: IndexedTask, { kind }: Verdict, shards: number): boolean {
  switch (kind) {
    case 'rest':
      return task.dueAt !== undefined;
    case 'enqueue':
      return (
        !isInIndex(task, shards) || (task.leaseExpiresAt !== undefined && task.leaseExpiresAt !== task.dueAt)
      );
    case 'release':
    case 'fail':
    case 'drop':
    case 'orphan':
      return !isInIndex(task, shards);
    case 'wait':
    case 'malformed':
      return false;
  }
}

/** Counts outcomes, and reports those that failed. Returns the tasks that are not done with. */
function count(
  pass: Pass,
  outcomes: Iterable<readonly [IndexedTask, WriteOutcome]>,
  done: TaskOutcome,
): Unfinished {
  const unfinished = new Map<IndexedTask, 'failed' | 'movedOn'>();
  for (const [task, outcome] of outcomes) {
    if (outcome.kind === 'done') pass.tally.tasks[done]++;
    else if (outcome.kind === 'conditionFailed') {
      pass.tally.tasks.movedOn++;
      unfinished.set(task, 'movedOn');
    } else {
      pass.tally.tasks.failed++;
      pass.tally.problem(problem(task, 'failed', outcome.reason));
      unfinished.set(task, 'failed');
    }
  }
  return unfinished;
}

const problem = (task: IndexedTask, kind: Problem['kind'], reason: string): Problem => ({
  key: keyOfTask(task),
  kind,
  reason,
});

type OfKind<K extends VerdictKind> = K extends 'fail' | 'drop' ? { task: Task; verdict: Verdict } : Judged;

const ofKind = <K extends VerdictKind>(judged: readonly Judged[], kind: K): OfKind<K>[] =>
  judged.filter(({ verdict }) => verdict.kind === kind) as OfKind<K>[];

const zip = <A, B>(as: readonly A[], bs: readonly B[]): [A, B][] => as.map((a, index) => [a, bs[index] as B]);
