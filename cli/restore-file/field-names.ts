import { closestMatch } from 'leven';

/**
 * The field that a name stands for: proto3 JSON takes `job_id` and `jobId`, and `SegmentInfo` writes `collectionID`.
 */
export function fieldOf(name: string): string {
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return camel === 'ID' ? 'id' : camel.replace(/ID$/, 'Id');
}

/** One letter in four may be wrong, and no more than two. */
const maxDistance = (name: string): number => Math.min(2, Math.floor(name.length / 4));

/**
 * The field that a name was probably meant to be, if it is none itself: `leaseExpireAt` is `leaseExpiresAt`. Names that
 * resemble nothing are fields of Milvus that the inspector has no use for, today's or tomorrow's.
 *
 * @param fields those that are read
 * @param ignored Milvus' own that are not read
 */
export function meantField(
  name: string,
  fields: readonly string[],
  ignored: readonly string[],
): string | undefined {
  if (fields.includes(name) || ignored.includes(name)) return undefined;
  const lowerCase = name.toLowerCase();
  const sameLetters = fields.find((field) => field.toLowerCase() === lowerCase);
  return sameLetters ?? closestMatch(name, fields, { maxDistance: maxDistance(name) });
}
