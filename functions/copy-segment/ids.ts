/** The largest Milvus int64: 2^63 − 1. Beyond 2^53, so ids are `bigint` in code and decimal strings in JSON. */
export const MAX_ID = 2n ** 63n - 1n;

/** Whether a raw key attribute is an id. The only door from what a table holds to a `bigint` that is one. */
export const isId = (value: unknown): value is bigint =>
  typeof value === 'bigint' && value >= 1n && value <= MAX_ID;

/** The id that a canonical decimal string (no sign, no leading zero) stands for, or undefined for any other text. */
export function parseId(text: string): bigint | undefined {
  if (!/^[1-9]\d{0,18}$/.test(text)) return undefined;
  const id = BigInt(text);
  return isId(id) ? id : undefined;
}

/** A key attribute as a table holds it: an N, which may be an id or any other number. */
export type RawId = bigint | number;

/** Ids sort as numbers, 9 < 10, never as text. */
export const compareIds = (a: RawId, b: RawId): number => (a < b ? -1 : a > b ? 1 : 0);
