import { type DueMarker, isInIndex } from './due-index.ts';
import type { Item } from './item.ts';

/** What holds of every item in the `due` index: jobs and tasks alike. */
export const isNotAsked = (marker: DueMarker, shards: number): boolean =>
  marker.dueAt !== undefined && !isInIndex(marker, shards);

/** A NULL is absent. */
export const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

// Between these, 2001 and 2286, no moment reads as another one in any other unit.
const EARLIEST_MS = 1e12;
const LATEST_MS = 1e13;

/**
 * Times of an item that cannot be epoch milliseconds. Milvus' timeout was written in one unit and read in another, so it
 * never fired (review of milvus-io/milvus#51527).
 */
export function* wrongTimes(item: Item, names: readonly string[]): Generator<string> {
  for (const name of names) {
    const value = item[name];
    if (typeof value !== 'bigint' && typeof value !== 'number') continue;
    if (value < EARLIEST_MS) yield `${name} is ${value}: seconds, where epoch milliseconds are meant?`;
    else if (value >= LATEST_MS)
      yield `${name} is ${value}: micro- or nanoseconds, where epoch milliseconds are meant?`;
  }
}
