import type { RawId } from './ids.ts';

/** The global secondary index on Jobs and on Tasks that holds what the inspector has yet to look at. */
export const DUE_INDEX = 'due';

/** How many partitions the index is spread over unless deployed otherwise. The number may only grow. */
export const DEFAULT_DUE_SHARDS = 4;

const MINUTE_MS = 60_000;
const FIRST_BACKOFF_MS = 15 * MINUTE_MS;

/** The longest an untouched item goes before it is looked at again, in milliseconds. */
export const MAX_BACKOFF_MS = 6 * 60 * MINUTE_MS;

/** When what a pass withheld is looked at again, in milliseconds: time for somebody to look before. */
export const WITHHELD_MS = 15 * MINUTE_MS;

/** An item's place in the index: both attributes are needed to be in it. */
export interface DueMarker {
  readonly dueShard?: number | undefined;
  /** When to look next, epoch milliseconds. */
  readonly dueAt?: number | undefined;
}

/** The index partition of an item, set once at its creation: its own id (task id, job id) modulo the shards. */
export const dueShardOf = (id: RawId, shards: number): number => {
  // An invalid id is reported from a shard that every pass asks.
  if (typeof id !== 'bigint') return 0;
  const shard = Number(id % BigInt(shards));
  return shard < 0 ? shard + shards : shard;
};

const isAsked = (dueShard: number | undefined, shards: number): dueShard is number =>
  dueShard !== undefined && Number.isInteger(dueShard) && dueShard >= 0 && dueShard < shards;

/**
 * The shard to write beside `dueAt`: the one the item has, or its first one if no pass asks the one it has.
 * A shard that is in range but no longer id modulo shards stays: the number of shards has grown since.
 */
export const shardToKeep = (id: RawId, dueShard: number | undefined, shards: number): number =>
  isAsked(dueShard, shards) ? dueShard : dueShardOf(id, shards);

/** Whether a pass that asks `shards` partitions will ever find the item. */
export const isInIndex = ({ dueShard, dueAt }: DueMarker, shards: number): boolean =>
  dueAt !== undefined && isAsked(dueShard, shards);

/**
 * Whether a marker is further ahead than anything that writes one: than the lease that is on the item, or than the
 * longest backoff. Times in nanoseconds, as Milvus writes them, would hide an item for ever.
 */
export const isTooFarAhead = (
  { dueAt }: DueMarker,
  leaseExpiresAt: number | undefined,
  now: number,
): boolean => dueAt !== undefined && dueAt > (leaseExpiresAt ?? now + MAX_BACKOFF_MS);

/**
 * Whether an item that nothing can be done about needs its marker moved: it is due, no pass would find it, or the marker
 * is too far ahead. A recovery also finds what is not due: a marker that is right stays.
 */
export const needsPostponing = (marker: DueMarker, now: number, shards: number): boolean =>
  !isInIndex(marker, shards) || (marker.dueAt ?? now) <= now || isTooFarAhead(marker, undefined, now);

/**
 * How long until the next look, in milliseconds: 15 minutes after the first attempt, doubling with each, at most 6
 * hours. Without it Milvus dispatched 435,000 times in a day (milvus-io/milvus#51019).
 */
export const backoffMs = (attempts: number): number =>
  Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, attempts - 1));
