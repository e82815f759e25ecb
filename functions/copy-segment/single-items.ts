import type { Change } from './change.ts';
import type { Item } from './item.ts';
import type { TableKind } from './tables.ts';

/** The tables as a function sees them that works on one task at a time. */
export interface SingleItems {
  /**
   * What there is under the key, strongly consistent.
   *
   * @throws TemporaryError if DynamoDB did not answer
   */
  read(table: TableKind, key: Item): Promise<Item | undefined>;
  /**
   * Makes one change with one request.
   *
   * @throws TemporaryError if DynamoDB did not answer: the change may have been made or not
   */
  update(change: Change): Promise<UpdateOutcome>;
}

/** How a change ended; the item as the change left it, or as its condition found it, if there is one. */
export type UpdateOutcome =
  | { readonly kind: 'done'; readonly item: Item }
  | { readonly kind: 'conditionFailed'; readonly item?: Item };
