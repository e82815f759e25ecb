import type { Change } from './change.ts';
import type { Item } from './item.ts';
import type { TableKind } from './tables.ts';

/** A condition on an item that is not changed. */
export type Check = Pick<Change, 'table' | 'key' | 'if'>;

/** An item that is created, if there is none under its key. */
export interface Creation {
  readonly table: TableKind;
  readonly key: Item;
  readonly item: Item;
}

/** One part of a transaction. */
export type Part = { readonly check: Check } | { readonly change: Change } | { readonly create: Creation };

/** DynamoDB's limit on the parts of one transaction. */
export const MAX_PARTS = 100;

/** A part whose condition did not hold: its place among the parts, and what was found, if anything. */
export interface FailedPart {
  readonly index: number;
  readonly item?: Item;
}

/** How a transaction ended: all of its parts were made, or none. */
export type TransactionOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'conditionFailed'; readonly parts: readonly FailedPart[] }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Makes all parts or none. Conflicts with other transactions and throttling, which cancel a transaction as a failed
 * condition does, are tried again with backoff. Never throws.
 */
export type Transact = (parts: readonly Part[]) => Promise<TransactionOutcome>;
