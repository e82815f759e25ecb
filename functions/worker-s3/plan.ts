import { FatalError } from '../worker/fatal-error.ts';
import { readCopyList } from './copy-list.ts';
import { listCopies } from './listing.ts';
import type { ObjectAddress, ObjectStore } from './object-store.ts';
import type { Transfer } from './transfer.ts';

/** One object to copy, as a list or a listing names it. */
export interface PlannedCopy {
  /** The source segment that it belongs to. */
  readonly segmentId: bigint;
  readonly source: ObjectAddress;
  readonly target: ObjectAddress;
  /** In bytes. */
  readonly size: number;
  readonly etag?: string;
}

/** The rows of target segments, by id; without those of which it is not known. */
export type RowsOf = (targetSegmentIds: readonly bigint[]) => Promise<ReadonlyMap<bigint, number>>;

/**
 * The objects of a task: those that its copy list names, or else those that are there.
 *
 * @throws FatalError at the end, if a segment has no object and is not known to have no rows; whenever the list is wrong
 */
export async function* planCopies(
  store: ObjectStore,
  transfer: Transfer,
  rowsOf: RowsOf,
): AsyncGenerator<PlannedCopy> {
  const found = new Set<bigint>();
  for await (const copy of transfer.copyList === undefined
    ? listCopies(store, transfer)
    : readCopyList(store, transfer, transfer.copyList)) {
    found.add(copy.segmentId);
    yield copy;
  }
  const without = transfer.segments.filter(({ source }) => !found.has(source.segmentId));
  if (without.length === 0) return;
  const rows = await rowsOf(without.map(({ target }) => target.segmentId));
  const lost = without.find(({ target }) => rows.get(target.segmentId) !== 0);
  if (!lost) return;
  const count = rows.get(lost.target.segmentId) ?? 'unknown';
  throw new FatalError(`source segment ${lost.source.segmentId} has no objects; its rows: ${count}`);
}
