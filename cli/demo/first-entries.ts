/** The first entries of a map, and how often one was asked for that came too late: memory stays bounded. */
export interface FirstEntries<K, V> extends Iterable<[K, V]> {
  /** The entry of a key, made if there is room for it; undefined if there is none. */
  at(key: K): V | undefined;
  readonly size: number;
  /** How many different entries at the least were left out is unknown; this is how often one was. */
  readonly omitted: number;
}

export function firstEntries<K, V>(limit: number, create: (key: K) => V): FirstEntries<K, V> {
  const entries = new Map<K, V>();
  let omitted = 0;
  return {
    at(key) {
      const existing = entries.get(key);
      if (existing !== undefined) return existing;
      if (entries.size === limit) {
        omitted++;
        return undefined;
      }
      const created = create(key);
      entries.set(key, created);
      return created;
    },
    get size() {
      return entries.size;
    },
    get omitted() {
      return omitted;
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  };
}
