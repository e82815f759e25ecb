import * as v from 'valibot';
import { fieldOf, meantField } from './field-names.ts';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A message in proto3 JSON.
 *
 * @param ignored fields of the message that the inspector has no use for
 */
export const message = <E extends v.ObjectEntries>(entries: E, ignored = '') =>
  v.pipe(
    v.unknown(),
    v.check(isObject, 'must be a JSON object'),
    v.rawTransform(named(Object.keys(entries), ignored.split(' '))),
    v.object(entries),
  );

/** @throws Error that names each field that cannot be read, and why */
export function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const reasons = parsed.issues.map((issue) => {
    const path = v.getDotPath(issue);
    const reason = issue.received === 'undefined' ? 'is missing' : issue.message;
    return path ? `${path} ${reason}` : reason;
  });
  throw new Error([...new Set(reasons)].join('; '));
}

/** The fields by one name each. */
function named(fields: readonly string[], ignored: readonly string[]) {
  return ({ dataset, addIssue, NEVER }: v.RawTransformContext<unknown>): Record<string, unknown> => {
    const values: Record<string, unknown> = {};
    let isBad = false;
    for (const [name, value] of Object.entries(dataset.value as object)) {
      const field = fieldOf(name);
      const meant = meantField(field, fields, ignored);
      if (meant !== undefined) addIssue({ message: `${name} is no field: did you mean ${meant}?` });
      const isTwice = Object.hasOwn(values, field);
      if (isTwice) addIssue({ message: `${name} is there under two names` });
      isBad ||= meant !== undefined || isTwice;
      // Proto3 JSON: null is a field's default value.
      if (value !== null) values[field] = value;
    }
    // `SegmentInfo` calls its own id ID; the table calls it segmentId.
    if (values.id === undefined && values.segmentId !== undefined) values.id = values.segmentId;
    return isBad ? NEVER : values;
  };
}
