import * as v from 'valibot';
import { isId } from './ids.ts';

/** A DynamoDB item as the document client returns it, every whole number as `bigint`. */
export type Item = Readonly<Record<string, unknown>>;

/** What reading an item gave: the thing itself, or why it cannot be read. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

export const id = v.pipe(
  v.bigint('must be a whole number (N)'),
  v.check(isId, 'must be between 1 and 2^63-1'),
);

/** A count or a point in time, small enough to be exact as a JavaScript number. */
export const whole = v.pipe(
  v.bigint('must be a whole number (N)'),
  v.transform(Number),
  v.check((n) => Number.isSafeInteger(n) && n >= 0, 'must be between 0 and 2^53-1'),
);

export const text = v.string('must be a string (S)');

export const oneOf = <const T extends readonly string[]>(states: T) =>
  v.picklist(states, (issue) => `must be one of ${states.join(', ')}, is ${issue.received}`);

/**
 * The marker is the inspector's own. A shard that is none counts as absent, and recovery mends it; any number is
 * a time to look, also a fraction or one far off, since the index takes it.
 */
export const markerEntries = {
  dueShard: v.fallback(v.optional(whole), undefined),
  dueAt: v.fallback(v.optional(v.pipe(v.union([v.bigint(), v.number()]), v.transform(Number))), undefined),
};

/** A task of thousands of mappings may have as many issues. */
const MAX_ISSUES_LISTED = 3;

export function readItem<S extends v.GenericSchema>(schema: S, item: Item): Reading<v.InferOutput<S>> {
  const parsed = v.safeParse(schema, item);
  if (parsed.success) return { ok: true, value: parsed.output };
  const named = parsed.issues.slice(0, MAX_ISSUES_LISTED);
  const reasons = named.map((issue) => `${v.getDotPath(issue) ?? 'item'}: ${messageOf(issue)}`);
  const more = parsed.issues.length - named.length;
  return { ok: false, reason: [...reasons, ...(more > 0 ? [`and ${more} more`] : [])].join('; ') };
}

/** Valibot reports an absent attribute with a sentence of its own, "Invalid key: Expected …". */
const messageOf = (issue: v.BaseIssue<unknown>): string =>
  issue.received === 'undefined' ? 'is missing' : issue.message;
