import type { Item } from '../../functions/copy-segment/item.ts';
import type { Step } from './plan.ts';
import { isTime, timeText } from './time-text.ts';

/** An attribute before and after a change; undefined: it is not there. */
export interface AttributeChange {
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What a change does to the item that was read, attribute by attribute; what stays as it is, is left out. */
export function attributeChanges({ change, before }: Step): AttributeChange[] {
  const set = Object.entries(change.set).filter(([name, value]) => !isSame(before[name], value));
  return [
    ...set.map(([name, after]) => ({ name, before: before[name], after })),
    ...change.remove
      .filter((name) => before[name] !== undefined)
      .map((name) => ({ name, before: before[name], after: undefined })),
  ];
}

/** Whole numbers are read as `bigint` and written as `number`. */
const isSame = (read: unknown, written: unknown): boolean =>
  read === written || (typeof read === 'bigint' && typeof written === 'number' && read === BigInt(written));

/** The item that a change is on: "task 1/2", "job 1", "segment 11". */
export function itemName({ table, key }: { readonly table: string; readonly key: Item }): string {
  if (table === 'tasks') return `task ${key.jobId}/${key.taskId}`;
  return table === 'jobs' ? `job ${key.jobId}` : `segment ${key.segmentId}`;
}

/** An attribute's value for a person. */
export function valueText(name: string, value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (isTime(name) && (typeof value === 'bigint' || typeof value === 'number'))
    return timeText(Number(value));
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}
