const FIRST_CAPACITY = 1_024;
const GROWTH = 1.5;

/** Ids in eight bytes each: a `Set` of as many bigints takes ten times that. */
export interface IdColumn {
  add(id: bigint): void;
  /** Sorts the ids, in place. They hold until the next one is added. */
  sorted(): BigUint64Array;
}

export function createIdColumn(): IdColumn {
  let column = new BigUint64Array(FIRST_CAPACITY);
  let length = 0;
  return {
    add(id) {
      if (length === column.length) {
        const capacity = Math.ceil(column.length * GROWTH);
        column = new BigUint64Array(column.buffer.transfer(capacity * BigUint64Array.BYTES_PER_ELEMENT));
      }
      column[length++] = id;
    },
    sorted: () => column.subarray(0, length).sort(),
  };
}

/** Ids that are there more than once in a sorted column. */
export function* repeatedIn(ids: BigUint64Array): Generator<bigint> {
  let previous: bigint | undefined;
  for (const id of ids) {
    if (id === previous) yield id;
    previous = id;
  }
}

/** Ids that are in both of two sorted columns. */
export function* sharedBy(left: BigUint64Array, right: BigUint64Array): Generator<bigint> {
  let at = 0;
  for (const id of left) {
    while (at < right.length && (right[at] as bigint) < id) at++;
    if (at === right.length) return;
    if (right[at] === id) yield id;
  }
}
