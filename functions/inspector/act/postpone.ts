import type { Change } from '../../copy-segment/change.ts';
import { MAX_BACKOFF_MS, needsPostponing } from '../../copy-segment/due-index.ts';
import { markerOf } from '../../copy-segment/marker.ts';
import type { IndexedTask, RawTaskKey, TaskSighting } from '../../copy-segment/task.ts';
import { postponed, postponedUnread } from '../../copy-segment/task-changes.ts';
import type { OfKind } from '../judge.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/**
 * Sets when to look again at tasks that a pass can do nothing about: when the lease ends, or after the longest backoff.
 * Without it a pile of items, however broken, would be read again every minute.
 */
export async function postpone(
  pass: Pick<LanePass, 'write' | 'tally' | 'now' | 'shards'>,
  judged: readonly OfKind<'wait' | 'orphan' | 'contradiction' | 'malformed' | 'unreadable'>[],
): Promise<Unfinished> {
  const { shards } = pass;
  const now = pass.now();
  const changes = new Map<RawTaskKey, Change<'tasks'>>();
  const tasks: IndexedTask[] = [];
  for (const verdict of judged) {
    if (verdict.kind === 'unreadable') {
      const { sighting } = verdict;
      if (needsPostponing(markerOf(sighting.raw), now, shards))
        changes.set(sighting.key, postponedUnread(sighting as TaskSighting, now, shards));
      continue;
    }
    const { task } = verdict;
    tasks.push(task);
    if (verdict.kind === 'wait') {
      if (task.dueAt !== verdict.leaseExpiresAt)
        changes.set(task, postponed(task, verdict.leaseExpiresAt, shards, verdict.because));
    } else if (needsPostponing(task, now, shards))
      changes.set(task, postponed(task, now + MAX_BACKOFF_MS, shards, verdict.because));
  }
  const unfinished = await writeTasks(pass, changes, 'postponed');
  return new Map(
    tasks.flatMap((task) => (unfinished.has(task) ? [[task, unfinished.get(task) ?? 'failed']] : [])),
  );
}
