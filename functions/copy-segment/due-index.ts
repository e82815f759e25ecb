/** The global secondary index on Jobs and on Tasks that holds what the inspector has yet to look at. */
export const DUE_INDEX = 'due';

/** Into how many partitions the index is spread unless deployed otherwise. The number may only grow. */
export const DEFAULT_DUE_SHARDS = 4;

const MINUTE_MS = 60_000;
const FIRST_BACKOFF_MS = 15 * MINUTE_MS;

/** How long an item that nobody acts on rests at the most before it is looked at again, in milliseconds. */
export const MAX_BACKOFF_MS = 6 * 60 * MINUTE_MS;

/** Where an item stands in the index, as far as it does: both attributes are needed to be in it. */
export interface DueMarker {
  readonly dueShard?: number;
  /** When to look next, epoch milliseconds. */
  readonly dueAt?: number;
}

/** The index partition of an item, set once at its creation: its own id (task id, job id) modulo the shards. */
export const dueShardOf = (id: bigint, shards: number): number => Number(id % BigInt(shards));

/**
 * The shard to write beside `dueAt`: the one the item has, or its first one if it has none that a pass asks.
 * A shard that is in range but no longer id modulo shards stays: the number of shards has grown since.
 */
export function shardToKeep(id: bigint, dueShard: number | undefined, shards: number): number {
  return dueShard !== undefined && dueShard >= 0 && dueShard < shards ? dueShard : dueShardOf(id, shards);
}

/** Whether a pass that asks `shards` partitions will ever find the item. */
export const isInIndex = ({ dueShard, dueAt }: DueMarker, shards: number): boolean =>
  dueAt !== undefined && dueShard !== undefined && dueShard >= 0 && dueShard < shards;

/**
 * How long a task may lie in the queue before it is sent once more, in milliseconds: 15 minutes, doubling with
 * each enqueue, at most 6 hours. Without it Milvus dispatched 435,000 times in a day (milvus-io/milvus#51019).
 */
export const backoffMs = (enqueueCount: number): number =>
  Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, enqueueCount - 1));
