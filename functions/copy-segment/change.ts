import type * as v from 'valibot';
import type { Action } from './action.ts';
import type { Item } from './item.ts';
import type { jobAttributes } from './job.ts';
import type { segmentAttributes } from './segment.ts';
import type { TableKind } from './tables.ts';
import type { taskAttributes } from './task.ts';

interface Schemas {
  readonly jobs: typeof jobAttributes;
  readonly tasks: typeof taskAttributes;
  readonly segments: typeof segmentAttributes;
}

export type Attribute<T extends TableKind> = keyof Schemas[T] & string;
type Value<T extends TableKind, A extends Attribute<T>> = Schemas[T][A] extends v.GenericSchema
  ? v.InferOutput<Schemas[T][A]>
  : never;

/** The attribute is not there. */
export const absent = Symbol('absent');

declare const readRaw: unique symbol;

/** What an attribute was when it was read, of whatever type. */
export interface AsRead {
  readonly [readRaw]: true;
}

/**
 * One conditional write to one item that exists, as plain data: what must hold, what is set, counted and
 * removed.
 * Every write of every function is one of these; which DynamoDB call carries it is the adapter's choice.
 */
export type Change<T extends TableKind = TableKind> = {
  [K in T]: {
    readonly table: K;
    /** As the table holds it, which may be an invalid id. */
    readonly key: Item;
    /** What must hold, besides that the item exists. */
    readonly if: { readonly [A in Attribute<K>]?: Value<K, A> | null | typeof absent | AsRead };
    readonly set: { readonly [A in Attribute<K>]?: Value<K, A> };
    /** Counts up, from 0 if it is absent, without reading: two writers at once both count. */
    readonly add?: { readonly [A in Attribute<K>]?: number | bigint };
    readonly remove: readonly Attribute<K>[];
    /** Left out by those whose changes nobody records. */
    readonly action?: Action;
  };
}[T];

/** The condition that these attributes are still as they were read. */
export const asRead = <A extends string>(raw: Item, ...names: readonly A[]): { [N in A]: AsRead } =>
  Object.fromEntries(names.map((name) => [name, raw[name] === undefined ? absent : raw[name]])) as {
    [N in A]: AsRead;
  };

/** The item as it is after the change. */
export function applied<T extends { readonly raw: Item }>(read: T, change: Change): T {
  const after = <I extends Item>(item: I): I => {
    const kept = Object.entries(item).filter(
      ([name]) => !(change.remove as readonly string[]).includes(name),
    );
    const counted = Object.entries(change.add ?? {}).map(([name, by]) => [name, sum(item[name], by)]);
    return { ...Object.fromEntries(kept), ...change.set, ...Object.fromEntries(counted) } as unknown as I;
  };
  return { ...after(read), raw: after(read.raw) };
}

/** An item holds whole numbers as `bigint`, what was read from it as `number`. */
const sum = (was: unknown, by: number | bigint): number | bigint =>
  typeof was === 'number' ? was + Number(by) : BigInt(typeof was === 'bigint' ? was : 0) + BigInt(by);
