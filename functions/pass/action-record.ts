import { absent, type Change } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';
import type { TableKind } from '../copy-segment/tables.ts';

/** Ids of a list beyond these are counted only. */
const MAX_IDS_LISTED = 10;

/** A change that was made, as its line in the log says it; ids as decimal strings, times in epoch milliseconds. */
export interface ActionRecord {
  readonly passId: string;
  /** What was done, such as `dropped`. */
  readonly what: string;
  readonly table: TableKind;
  /** The key, and of a segment the job and the task on whose behalf it was changed. */
  readonly jobId?: string;
  readonly taskId?: string;
  readonly segmentId?: string;
  /** What the write held on, so that it was so; not every attribute that changed. */
  readonly before: Readonly<Record<string, unknown>>;
  /** What was set, and null for what was removed; without a reason, which is in `because`. */
  readonly after: Readonly<Record<string, unknown>>;
  readonly because: string;
}

export function actionRecord(passId: string, { table, key, action, ...change }: Change): ActionRecord {
  const because = action?.because ?? '';
  const ids = { jobId: action?.jobId, taskId: action?.taskId, ...key } as Item;
  return {
    passId,
    what: action?.what ?? 'changed',
    table,
    ...idsOf(ids),
    before: plain(
      Object.entries(change.if).filter(([name, value]) => value !== absent && value !== ids[name]),
    ),
    after: plain([
      ...Object.entries(change.set).filter(([, value]) => value !== because),
      ...Object.entries(change.add ?? {}).map(([name, by]) => [name, `+${by}`] as const),
      ...change.remove.map((name) => [name, null] as const),
    ]),
    because,
  };
}

const idsOf = (ids: Item): Partial<Record<'jobId' | 'taskId' | 'segmentId', string>> =>
  Object.fromEntries(
    Object.entries(ids).flatMap(([name, id]) => (id === undefined ? [] : [[name, String(id)]])),
  );

const plain = (attributes: readonly (readonly [string, unknown])[]) =>
  Object.fromEntries(
    attributes.flatMap(([name, value]) => (value === undefined ? [] : [[name, plainValue(name, value)]])),
  );

/** JSON has no `bigint`: an id is a decimal string, a count or a time a number. */
function plainValue(name: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    const listed = value.slice(0, MAX_IDS_LISTED).map(String);
    return value.length > listed.length ? [...listed, `and ${value.length - listed.length} more`] : listed;
  }
  if (typeof value === 'bigint' || typeof value === 'number')
    return name.endsWith('Id') ? String(value) : Number(value);
  return value;
}
