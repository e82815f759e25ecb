import { asRead } from './change.ts';
import { type DueMarker, shardToKeep } from './due-index.ts';
import type { RawId } from './ids.ts';
import type { Item } from './item.ts';

/** The shard is set once and for all: written only where it is missing or points to a shard that no pass asks. */
export function shard(id: RawId, { dueShard: current }: DueMarker, shards: number) {
  const dueShard = shardToKeep(id, current, shards);
  return dueShard === current ? {} : { dueShard };
}

/** What to set for an item to be looked at at `dueAt`. */
export const due = (id: RawId, marker: DueMarker, dueAt: number, shards: number) => ({
  ...shard(id, marker, shards),
  dueAt,
});

/** A marker as an item that cannot be read shows it. */
export const markerOf = ({ dueShard, dueAt }: Item): DueMarker => ({
  ...(typeof dueShard === 'bigint' && { dueShard: Number(dueShard) }),
  ...((typeof dueAt === 'bigint' || typeof dueAt === 'number') && { dueAt: Number(dueAt) }),
});

/**
 * The marker of an item that cannot be read, as the condition of moving it. DynamoDB holds 38 digits: a fraction may be
 * finer than what was read of it, and would never match, so there the state has to do.
 */
export const markerAsRead = (raw: Item) =>
  typeof raw.dueAt === 'number' ? asRead(raw, 'state') : asRead(raw, 'dueAt');
