import type { Change } from '../copy-segment/change.ts';
import type { Write, WriteOutcome } from '../copy-segment/stores.ts';

/** A pass drops no more segments than this unless deployed, or asked, otherwise. */
export const DEFAULT_MAX_DROPS = 10_000;

/**
 * A bug elsewhere that fails every job must not drop every segment within a minute. What a pass would drop beyond its limit
 * it withholds: somebody is alarmed, and has time to look.
 */
export interface DropGuard {
  /** Whether a drop was withheld: further ones need not be tried. */
  isSpent(): boolean;
  /** How many more drops it lets through. */
  left(): number;
  /** For the report. */
  readonly reason: string;
}

/** Makes changes as `write` does, but no more drops than `maxDrops`; the others end as `withheld`. */
export function createDropGuard(maxDrops: number, write: Write): DropGuard & { readonly write: Write } {
  let left = maxDrops;
  let isSpent = false;

  const admit = (change: Change): boolean => {
    if (!isDrop(change)) return true;
    if (left <= 0) {
      isSpent = true;
      return false;
    }
    left--;
    return true;
  };

  return {
    isSpent: () => isSpent,
    left: () => left,
    reason: `maxDrops is ${maxDrops}: what a pass would drop beyond is withheld, and looked at again later`,
    async write(changes) {
      const admitted = changes.filter(admit);
      const outcomes = await write(admitted);
      // What turned out to be no drop does not count; what failed may have been made.
      left += admitted.filter((change, index) => isDrop(change) && isNotMade(change, outcomes[index])).length;
      if (admitted.length === changes.length) return outcomes;
      const ends = new Map(admitted.map((change, index) => [change, outcomes[index]]));
      return changes.map((change) =>
        ends.has(change) ? (ends.get(change) ?? { kind: 'failed', reason: 'no answer' }) : WITHHELD,
      );
    },
  };
}

const isDrop = ({ table, set }: Change): boolean =>
  table === 'segments' && 'state' in set && set.state === 'Dropped';

/** An answer may have been lost: the SDK tries again, and finds the drop made. Engines that do not say what they found cannot tell. */
const isNotMade = ({ set }: Change, outcome: WriteOutcome | undefined): boolean => {
  if (outcome?.kind !== 'conditionFailed') return false;
  const { state, droppedAt, dropReason } = outcome.item ?? {};
  const isOurs =
    'dropReason' in set && dropReason === set.dropReason && Number(droppedAt) === Number(set.droppedAt);
  return !(state === 'Dropped' && isOurs);
};

const WITHHELD: WriteOutcome = { kind: 'failed', reason: 'withheld', isWithheld: true };
