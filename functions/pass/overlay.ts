import { applied, type Change } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';
import { isJob } from '../copy-segment/job.ts';
import type { Stores } from '../copy-segment/stores.ts';
import type { TableKind } from '../copy-segment/tables.ts';

/**
 * Changes that were not made, laid over what is read: what a dry run changed reads so later in it. That takes memory
 * for the changes, which a pass that writes does not need.
 */
export interface Overlay {
  add(change: Change): void;
  /** What was read under a key, as it would be by now. */
  over<T extends { readonly raw: Item }>(table: TableKind, value: T, ...key: readonly unknown[]): T;
}

export function createOverlay(): Overlay {
  const changes = new Map<string, Change>();
  return {
    add(change) {
      const name = nameOf(change.table, Object.values(change.key));
      const earlier = changes.get(name);
      changes.set(name, earlier ? composed(earlier, change) : change);
    },
    over(table, value, ...key) {
      const change = changes.get(nameOf(table, key));
      return change ? applied(value, change) : value;
    },
  };
}

/** Jobs as they would be by now. */
export const jobsUnder = (overlay: Overlay, jobs: Stores['jobs']): Stores['jobs'] => ({
  ...jobs,
  async read(jobIds) {
    const lookups = await jobs.read(jobIds);
    for (const [jobId, lookup] of lookups)
      if (isJob(lookup)) lookups.set(jobId, overlay.over('jobs', lookup, jobId));
    return lookups;
  },
});

/** Segments as they would be by now. */
export const segmentsUnder = (overlay: Overlay, segments: Stores['segments']): Stores['segments'] => ({
  async read(segmentIds) {
    const { found, unread } = await segments.read(segmentIds);
    const items = [...found].map(([id, raw]) => [id, overlay.over('segments', { raw }, id).raw] as const);
    return { found: new Map(items), unread };
  },
});

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
