import * as v from 'valibot';
import { isId } from './ids.ts';
import { createIssues } from './issues.ts';

/** A DynamoDB item as the document client returns it, every whole number as `bigint`. */
export type Item = Readonly<Record<string, unknown>>;

/** The result of reading an item: its value, or why it cannot be read. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export const id = v.pipe(
  v.bigint('must be a whole number (N)'),
  v.check((value: bigint): boolean => isId(value), 'must be between 1 and 2^63-1'),
);

/** A count or a point in time, small enough to be exact as a JavaScript number. */
export const whole = v.pipe(
  v.bigint('must be a whole number (N)'),
  v.transform(Number),
  v.check((n) => Number.isSafeInteger(n) && n >= 0, 'must be between 0 and 2^53-1'),
);

export const text = v.string('must be a string (S)');
export const flag = v.boolean('must be a boolean (BOOL)');

/** Lists and bytes are objects as well, and no maps. */
export const map = v.custom<Item>(
  (value) => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype,
  'must be a map (M)',
);

export const oneOf = <const T extends readonly string[]>(states: T) =>
  v.picklist(states, (issue) => `must be one of ${states.join(', ')}, is ${issue.received}`);

/** Any number is a time to look, including a fraction or one far off, since the index takes it. */
const time = v.pipe(v.union([v.bigint(), v.number()], 'must be a number (N)'), v.transform(Number));

/**
 * An item's place in the index, on Jobs and on Tasks. An invalid shard counts as absent, and recovery mends it.
 */
export const markerAttributes = { dueShard: whole, dueAt: time };
export const markerEntries = {
  dueShard: v.fallback(v.optional(whole), undefined),
  dueAt: v.fallback(v.optional(time), undefined),
};

/** A noun, and the item it was read from: a condition "as it was read" is on what the table holds, NULL included. */
export type Read<T> = T & { readonly raw: Item };

/** An attribute that must not keep half-copied data visible, whatever is in it: an invalid value counts as absent. */
export const lenient = <S extends v.GenericSchema>(schema: S) =>
  v.fallback(v.optional(schema), undefined as never) as unknown as v.OptionalSchema<S, undefined>;

/** Reads an item by a schema. NULL, which the document client writes for `null`, is the same as absent. */
export function readItem<S extends v.GenericSchema<unknown, object>>(
  schema: S,
  raw: Item,
): Reading<Read<v.InferOutput<S>>> {
  const parsed = v.safeParse(schema, withoutNulls(raw));
  if (parsed.success) return { ok: true, value: { ...parsed.output, raw } };
  const issues = createIssues();
  for (const issue of parsed.issues)
    issues.add(() => `${v.getDotPath(issue) ?? 'item'}: ${messageOf(issue)}`);
  return { ok: false, reason: issues.list() ?? 'cannot be read' };
}

const withoutNulls = (item: Item): Item =>
  Object.values(item).includes(null)
    ? Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null))
    : item;

/** Valibot words an absent attribute differently: "Invalid key: Expected …". */
const messageOf = (issue: v.BaseIssue<unknown>): string =>
  issue.received === 'undefined' ? 'is missing' : issue.message;
