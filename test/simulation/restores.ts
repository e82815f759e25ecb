import { type Restore, violationsIn } from '../../functions/copy-segment/invariants.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { readJob } from '../../functions/copy-segment/job.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import { readTask, sightTask, type Task, type TaskSighting } from '../../functions/copy-segment/task.ts';
import { SHARDS } from './stage.ts';

/** Items are never changed, only replaced: each is read once. */
const sightings = new WeakMap<Item, TaskSighting<Task>>();
function sight(item: Item): TaskSighting<Task> {
  const known = sightings.get(item) ?? sightTask(item, readTask);
  sightings.set(item, known);
  return known;
}

/** The tables as restores, one for each job that Jobs or Tasks names, or that owns a segment which no task names. */
export function restoresOf({ jobs, tasks, segments }: Record<TableKind, readonly Item[]>): Restore[] {
  const bySegment = new Map(segments.map((item) => [item.segmentId as bigint, item]));
  const ownedBy = Map.groupBy(segments, ({ jobId }) => jobId);
  const byJob = Map.groupBy(tasks, ({ jobId }) => jobId as bigint);
  const jobById = new Map(jobs.map((item) => [item.jobId as bigint, item]));
  const named = new Set(
    tasks.map(sight).flatMap(({ reading }) => (reading.ok ? reading.value.targetSegmentIds : [])),
  );
  const owners = segments.flatMap(({ segmentId, jobId }) =>
    typeof jobId === 'bigint' && !named.has(segmentId as bigint) ? [jobId] : [],
  );
  return [...new Set([...jobById.keys(), ...byJob.keys(), ...owners])].map((jobId) => {
    const raw = jobById.get(jobId);
    const reading = raw && readJob(raw);
    const mine = (byJob.get(jobId) ?? []).map(sight);
    const targets = mine.flatMap(({ reading: task }) => (task.ok ? task.value.targetSegmentIds : []));
    const isKnown = raw !== undefined || mine.length > 0;
    const owned = (ownedBy.get(jobId) ?? [])
      .map(({ segmentId }) => segmentId as bigint)
      .filter((id) => isKnown || !named.has(id));
    return {
      jobId,
      job:
        raw === undefined || reading === undefined
          ? 'missing'
          : reading.ok
            ? reading.value
            : { unreadable: reading.reason, raw },
      tasks: mine,
      segments: new Map(
        [...new Set([...targets, ...owned])].flatMap((id) => [
          ...(bySegment.has(id) ? [[id, bySegment.get(id) as Item] as const] : []),
        ]),
      ),
    };
  });
}

/** What does not hold, by its name and key; the values say why. */
export function violationsOf(items: Record<TableKind, readonly Item[]>, now: number): Map<string, string> {
  const found = new Map<string, string>();
  for (const restore of restoresOf(items))
    for (const { invariant, key, reason } of violationsIn(restore, { now, shards: SHARDS })) {
      const name = `${invariant} (${Object.entries(key)
        .map((part) => part.join(' '))
        .join(', ')})`;
      found.set(name, reason);
    }
  return found;
}
