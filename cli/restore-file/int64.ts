import * as v from 'valibot';

/** In proto3 JSON an int64 is a string or a number. */
export const int64 = v.union(
  [
    v.bigint(),
    v.pipe(
      v.string(),
      v.regex(/^-?\d+$/),
      v.transform((text) => BigInt(text)),
    ),
  ],
  'must be a whole number, or a string of one',
);
