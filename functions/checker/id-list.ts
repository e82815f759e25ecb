/** Ids in the order in which they were added, 8 bytes each: a job may have millions of targets. */
export interface IdList {
  add(id: bigint): void;
  readonly length: number;
  at(index: number): bigint;
  /** How many of them differ from each other, and one that is there more than once. */
  distinct(): { readonly count: number; readonly repeated?: bigint };
}

const FIRST_CAPACITY = 128;

export function createIdList(): IdList {
  let ids = new BigInt64Array(FIRST_CAPACITY);
  let length = 0;
  return {
    add(id) {
      if (length === ids.length) {
        const grown = new BigInt64Array(2 * length);
        grown.set(ids);
        ids = grown;
      }
      ids[length++] = id;
    },
    get length() {
      return length;
    },
    at: (index) => ids[index] as bigint,
    distinct() {
      const sorted = ids.slice(0, length).sort();
      let repeated: bigint | undefined;
      let count = 0;
      for (let index = 0; index < length; index++) {
        if (index > 0 && sorted[index] === sorted[index - 1]) repeated ??= sorted[index];
        else count++;
      }
      return { count, ...(repeated !== undefined && { repeated }) };
    },
  };
}
