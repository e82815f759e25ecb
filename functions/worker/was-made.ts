import type { Change } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';

/** What the inspector may have written in the meantime: its markers and its count of messages. */
const MOVING: ReadonlySet<string> = new Set(['dueAt', 'enqueueCount']);

/**
 * Whether a change whose condition failed had been made before, its answer lost: the item is as the change leaves it,
 * with the attributes that a change by somebody else would show otherwise.
 *
 * @param found what the condition found
 * @param ours what else tells this change from another's: the node that holds the lease, the leases lost so far
 */
export function wasMade(found: Item | undefined, { set, remove }: Change, ours: Item): boolean {
  if (found === undefined) return false;
  const shown = Object.entries({ ...ours, ...set }).filter(([name]) => !MOVING.has(name));
  const gone = remove.filter((name) => !MOVING.has(name));
  return (
    shown.every(([name, value]) => isSame(found[name], value)) &&
    gone.every((name) => isSame(found[name], undefined))
  );
}

/** A table answers whole numbers as `bigint`; NULL is absent. */
const isSame = (found: unknown, value: unknown): boolean =>
  (typeof found === 'bigint' ? Number(found) : (found ?? undefined)) ===
  (typeof value === 'bigint' ? Number(value) : (value ?? undefined));
