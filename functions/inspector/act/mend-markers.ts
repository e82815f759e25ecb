import { applied, type Change } from '../../copy-segment/change.ts';
import { isInIndex, isTooFarAhead } from '../../copy-segment/due-index.ts';
import { type IndexedTask, isDispatchable } from '../../copy-segment/task.ts';
import { postponed } from '../../copy-segment/task-changes.ts';
import type { Judged, OfKind } from '../judge.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** What mending markers takes of a pass. */
type MendPass = Pick<LanePass, 'write' | 'tally' | 'now' | 'shards'>;

/**
 * A marker too far ahead is mended before anything else is done with the item: should that fail, no pass would look
 * before the year 56,894,902.
 */
export async function mendFarMarkers(pass: MendPass, judged: readonly Judged[]): Promise<readonly Judged[]> {
  const far = judged.filter(works).filter(({ task }) => isTooFarAhead(task, leaseOf(task), pass.now()));
  const changes = new Map<IndexedTask, Change<'tasks'>>(
    far.map(({ task }) => [task, postponed(task, pass.now(), pass.shards)]),
  );
  const unfinished = await writeTasks(pass, changes, 'mended');
  const mend = (verdict: Judged): Judged => {
    const change = verdict.kind === 'unreadable' ? undefined : changes.get(verdict.task);
    if (verdict.kind === 'unreadable' || change === undefined || unfinished.has(verdict.task)) return verdict;
    return { ...verdict, task: applied(verdict.task, change) } as Judged;
  };
  return far.length === 0 ? judged : judged.map(mend);
}

/** Every write of a lane corrects the marker. Tasks that failed and that no pass would find again get one here. */
export async function mendLostMarkers(
  pass: MendPass,
  judged: readonly Judged[],
  unfinished: Unfinished,
): Promise<void> {
  const lost = judged
    .filter(works)
    .filter(({ task }) => unfinished.get(task) === 'failed' && !isInIndex(task, pass.shards));
  const now = pass.now();
  await writeTasks(
    pass,
    new Map(lost.map(({ task }) => [task, postponed(task, now, pass.shards)])),
    'mended',
  );
  pass.tally.tasks.mended += judged.filter(
    (verdict) =>
      verdict.kind !== 'unreadable' && !unfinished.has(verdict.task) && hadWrongMarker(verdict, pass.shards),
  ).length;
}

type Working = OfKind<'enqueue' | 'release' | 'fail' | 'drop'>;

/** Whether the verdict is on a task that must be found again until it is carried out. */
const works = (verdict: Judged): verdict is Working =>
  verdict.kind === 'enqueue' ||
  verdict.kind === 'release' ||
  verdict.kind === 'fail' ||
  verdict.kind === 'drop';

const leaseOf = (task: IndexedTask): number | undefined =>
  task.state === 'InProgress' && isDispatchable(task) ? task.leaseExpiresAt : undefined;

function hadWrongMarker(verdict: Exclude<Judged, { kind: 'unreadable' }>, shards: number): boolean {
  const { task } = verdict;
  if (verdict.kind === 'rest') return task.dueAt !== undefined;
  const lease = leaseOf(task);
  if (verdict.kind === 'enqueue' && task.state === 'InProgress')
    return lease === undefined ? task.dueAt !== undefined : lease !== task.dueAt || !isInIndex(task, shards);
  return !isInIndex(task, shards);
}
