/** The first entries of a map: however many keys there are, what is held is bounded. */
export interface FirstEntries<K, V> extends Iterable<[K, V]> {
  /** The entry of a key, made if there is room for it; undefined if there is none. */
  at(key: K): V | undefined;
  /** The entry that a key has already. */
  existing(key: K): V | undefined;
  readonly size: number;
  /** How often an entry was asked for that there was no room for. */
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
    existing: (key) => entries.get(key),
    get size() {
      return entries.size;
    },
    get omitted() {
      return omitted;
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  };
}
