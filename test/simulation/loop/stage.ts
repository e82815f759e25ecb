import type { Item } from '../../../functions/copy-segment/item.ts';
import type { SingleItems } from '../../../functions/copy-segment/single-items.ts';
import type { Stores } from '../../../functions/copy-segment/stores.ts';
import type { TableKind } from '../../../functions/copy-segment/tables.ts';
import type { Transact } from '../../../functions/copy-segment/transaction.ts';
import type { SubmitStores } from '../../../functions/submit/submit-stores.ts';
import type { ObjectStore } from '../../../functions/worker-s3/object-store.ts';
import type { Role } from './wire.ts';

/** Everything that any party asks of the tables, the queue and the object storage. */
export interface Ports extends Stores {
  readonly transact: Transact;
  readonly lastTask: SubmitStores['lastTask'];
  readonly items: SingleItems;
  readonly objects: ObjectStore;
}

/** A planted bug: the ports as a party that has it would use them. */
export type Mutant = (ports: Ports, role: Role) => Ports;

/** Where a play of all parties happens. */
export interface LoopStage {
  /** Epoch milliseconds. */
  readonly clock: { now: number };
  /** The bodies of messages that nobody has deleted. */
  readonly queue: string[];
  /** @param node who writes, if it is a worker */
  ports(role: Role, node?: string): Ports;
  put(table: TableKind, item: Item): Promise<void>;
  /** Every item, whole numbers as `bigint`. */
  tables(): Promise<Record<TableKind, Item[]>>;
  readonly bucket: ObjectBucket;
  /** From now on the `due` index shows the tables as they are at this moment; false: as they are at any moment. */
  freezeIndex(isFrozen: boolean): void;
}

/** The object storage as everybody else sees it. */
export interface ObjectBucket {
  put(key: string, size: number, version: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** The versions that the bytes of an object come from, as `key@version`, each with the run of bytes; absent: none. */
  content(key: string): Promise<string | undefined>;
}
