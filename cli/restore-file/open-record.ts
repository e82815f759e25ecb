import { parse } from 'lossless-json';
import { isObject } from './proto-json.ts';

/**
 * A record in JSON: an object with one field, which is named after its kind.
 *
 * @throws Error that says what else it is
 */
export function openRecord<K extends string>(
  text: string,
  kinds: readonly K[],
): { readonly kind: K; readonly value: unknown } {
  // JSON.parse would round ids past 2^53 that are written as numbers.
  const record = parse(text, undefined, (number) =>
    /^-?\d+$/.test(number) ? BigInt(number) : Number(number),
  );
  if (!isObject(record)) throw new Error('must be a JSON object');
  const [name, ...others] = Object.keys(record);
  const kind = kinds.find((known) => known === name);
  if (kind === undefined || others.length > 0) {
    const quoted = kinds.map((known) => `"${known}"`);
    throw new Error(`must have one field: ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`);
  }
  return { kind, value: record[kind] };
}
