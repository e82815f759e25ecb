import type { ByteRange } from './object-store.ts';

const MIB = 1024 * 1024;

/** S3 copies up to 5 GiB in one request; above this size, parts side by side are faster. */
export const MAX_SINGLE_COPY_BYTES = 256 * MIB;

export const PART_BYTES = 64 * MIB;

/** S3's limit on the parts of one object. */
export const MAX_PARTS_PER_OBJECT = 10_000;

/**
 * The ranges of an object's parts: equal but for the last, and larger than `partBytes`, by whole MiB, where 10,000
 * parts would not suffice. They depend on the size alone, never on the attempt.
 */
export function partRanges(size: number, partBytes = PART_BYTES): ByteRange[] {
  const least = Math.ceil(size / MAX_PARTS_PER_OBJECT / MIB) * MIB;
  const bytes = Math.max(partBytes, least);
  return Array.from({ length: Math.ceil(size / bytes) }, (_, index) => ({
    first: index * bytes,
    last: Math.min(size, (index + 1) * bytes) - 1,
  }));
}
