import * as v from 'valibot';
import { parseId } from '../copy-segment/ids.ts';

/** Thrown for an event that asks for something the function does not do; nothing was read or written. */
export class InvalidEventError extends Error {
  override name = 'InvalidEventError';
}

/** An id in an event, `bigint` after it was accepted. */
export const id = v.pipe(
  v.string('must be a decimal string, such as "449999999999999991" (a JSON number loses digits past 2^53)'),
  v.check((text) => parseId(text) !== undefined, 'must be a decimal string between 1 and 2^63-1'),
  v.transform((text) => parseId(text) as bigint),
);

/** What every event may ask for: some jobs only, and no writes. */
export const commonFields = {
  jobIds: v.optional(
    v.pipe(
      v.array(id, 'must be a list of job ids'),
      v.minLength(1, 'names no job; leave it out to take all of them'),
    ),
  ),
  dryRun: v.optional(v.boolean('must be true or false'), false),
};

/**
 * Accepts an event that has these fields and no others.
 *
 * @param input none at all is an event without fields
 * @throws InvalidEventError that names each field that is refused, and why
 */
export function parseEvent<E extends v.ObjectEntries>(
  fields: E,
  input: unknown,
): v.InferOutput<v.StrictObjectSchema<E, undefined>> {
  // To Valibot a list is an object without fields.
  if (Array.isArray(input)) throw new InvalidEventError('refused: event must be a JSON object');
  const event = v.strictObject(fields, (issue) =>
    issue.expected === 'never' ? 'is not a field of the event' : 'must be a JSON object',
  );
  const parsed = v.safeParse(event, input ?? {});
  if (parsed.success) return parsed.output;
  const reasons = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'event'} ${issue.message}`);
  throw new InvalidEventError(`refused: ${reasons.join('; ')}`);
}
