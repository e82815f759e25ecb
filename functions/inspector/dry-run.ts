import { applied, type Change } from '../copy-segment/change.ts';
import { isJob } from '../copy-segment/job.ts';
import { done, type Stores } from '../copy-segment/stores.ts';
import type { TableKind } from '../copy-segment/tables.ts';
import type { Task, TaskSighting } from '../copy-segment/task.ts';

/**
 * The same reads, and changes that all succeed without being made: the report says what would have been. What was
 * changed in the pass reads so later in it, or the report would count it twice. That takes memory for the changes,
 * which a pass that writes does not need.
 */
export function dryRun({ jobs, tasks, segments }: Stores): Stores {
  const overlay = new Map<string, Change>();
  const changed = <T extends { readonly raw: object }>(table: TableKind, value: T, ...key: unknown[]): T => {
    const change = overlay.get(nameOf(table, key));
    return change ? applied(value as T & { raw: Record<string, unknown> }, change) : value;
  };
  const asChanged = (sighting: TaskSighting<Task>): TaskSighting<Task> => {
    const { key, reading } = sighting;
    if (!reading.ok) return sighting;
    return {
      ...sighting,
      reading: { ok: true, value: changed('tasks', reading.value, key.jobId, key.taskId) },
    };
  };

  return {
    jobs: {
      ...jobs,
      async read(jobIds) {
        const lookups = await jobs.read(jobIds);
        for (const [jobId, lookup] of lookups)
          if (isJob(lookup)) lookups.set(jobId, changed('jobs', lookup, jobId));
        return lookups;
      },
    },
    tasks: {
      ...tasks,
      async read(keys) {
        const { found, unread } = await tasks.read(keys);
        return { found: found.map(asChanged), unread };
      },
      async *ofJob(jobId, afterTaskId) {
        for await (const page of tasks.ofJob(jobId, afterTaskId)) yield page.map(asChanged);
      },
    },
    segments: {
      async read(segmentIds) {
        const { found, unread } = await segments.read(segmentIds);
        const items = [...found].map(([id, raw]) => [id, changed('segments', { raw }, id).raw] as const);
        return { found: new Map(items), unread };
      },
    },
    async write(changes) {
      for (const change of changes) {
        const name = nameOf(change.table, Object.values(change.key));
        const earlier = overlay.get(name);
        overlay.set(name, earlier ? composed(earlier, change) : change);
      }
      return changes.map(() => done);
    },
    queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
  };
}

const nameOf = (table: TableKind, key: readonly unknown[]): string => [table, ...key].join('/');

/** Both changes as one. */
function composed(first: Change, second: Change): Change {
  const removed = new Set<string>(second.remove);
  const set = Object.fromEntries(Object.entries(first.set).filter(([name]) => !removed.has(name)));
  const isSet = (name: string): boolean => Object.hasOwn(second.set, name);
  return {
    ...second,
    set: { ...set, ...second.set },
    remove: [...first.remove.filter((name) => !isSet(name)), ...second.remove],
  } as Change;
}
