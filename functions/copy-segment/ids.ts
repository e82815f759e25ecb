/** The largest Milvus int64: 2^63 − 1. Beyond 2^53, so ids are `bigint` in code and decimal strings in JSON. */
export const MAX_ID = 2n ** 63n - 1n;

export const isId = (id: bigint): boolean => id >= 1n && id <= MAX_ID;

/** The id that a canonical decimal string (no sign, no leading zero) stands for, or undefined if it is none. */
export function parseId(text: string): bigint | undefined {
  if (!/^[1-9]\d{0,18}$/.test(text)) return undefined;
  const id = BigInt(text);
  return isId(id) ? id : undefined;
}

/** Ids sort as numbers, 9 < 10, never as text. */
export const compareIds = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
