import type { Item } from '../../functions/copy-segment/item.ts';
import type { Stores, Write } from '../../functions/copy-segment/stores.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import type { Inspector } from '../../functions/inspector/inspector.ts';

export type Reads = Pick<Stores, 'jobs' | 'tasks' | 'segments'>;

/** Puts something between a pass and its stores: faults, a planted bug. `signal` aborts when the pass is cut off. */
export type Decorate = (stores: Stores, signal: AbortSignal) => Stores;

/** The tables and the queue that a history is played on, and the inspector over them. */
export interface Stage {
  /** Epoch milliseconds. */
  readonly clock: { now: number };
  /** Creates an item, or replaces it. */
  put(table: TableKind, item: Item): Promise<void>;
  /** Every item of every table in ascending key, whole numbers as `bigint`. */
  items(): Promise<Record<TableKind, Item[]>>;
  /** The conditional writes of everybody but the inspector. */
  readonly write: Write;
  /** What the queue has accepted, first come first; whoever takes a message removes it. */
  readonly queue: TaskMessage['body'][];
  inspector(decorate: Decorate): Inspector;
  /** A step of the history begins. In it, the index shows the tables as they were `lag` steps ago, if it can. */
  beginStep(lag: number): void;
}

export const SHARDS = 4;

/** @param names key attributes, the most significant first */
export const inKeyOrder = (items: readonly Item[], ...names: readonly string[]): Item[] =>
  [...items].sort((a, b) => {
    const name = names.find((one) => a[one] !== b[one]);
    return name === undefined ? 0 : (a[name] as bigint) < (b[name] as bigint) ? -1 : 1;
  });
