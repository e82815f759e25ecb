/** Passes that begin within this time of each other are of one minute of the schedule: reactions come every second. */
const SHARED_FOR_MS = 30_000;

/** How many segments may still be dropped. */
export interface DropAllowance {
  /** Takes one, if one is left. */
  take(): boolean;
  giveBack(count: number): void;
}

/** The allowance of one pass. */
export function createAllowance(maxDrops: number): DropAllowance {
  let left = maxDrops;
  return {
    take() {
      if (left <= 0) return false;
      left--;
      return true;
    },
    giveBack: (count) => {
      left += count;
    },
  };
}

/**
 * An allowance that passes share which one process makes shortly after each other. A limit per pass would be none if a
 * flood of failures woke a pass every second.
 *
 * @param now epoch milliseconds
 * @returns the allowance of a pass that begins now
 */
export function sharedAllowances(maxDrops: number, now: () => number): () => DropAllowance {
  let current = createAllowance(maxDrops);
  let since = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - since >= SHARED_FOR_MS) {
      current = createAllowance(maxDrops);
      since = now();
    }
    return current;
  };
}
