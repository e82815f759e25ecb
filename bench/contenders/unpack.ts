import { gunzipSync } from 'node:zlib';

/** A task's compact mappings: source, target and partition of each. */
export const unpack = (mappings: Uint8Array): [bigint, bigint, bigint][] =>
  gunzipSync(mappings)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map(BigInt) as [bigint, bigint, bigint]);
