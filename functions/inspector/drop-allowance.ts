const MINUTE_MS = 60_000;

/** How many segments the reactions of a function instance may still drop in this minute. */
export interface DropAllowance {
  left(): number;
  take(drops: number): void;
}

/**
 * Passes come once a minute, which is what their limit on drops counts on; reactions come as records do. Together they may
 * drop in a minute what one pass may: jobs that fail one after the other are a wave like those that fail at once.
 */
export function createDropAllowance(maxDrops: number, now: () => number): DropAllowance {
  let minute = Number.NaN;
  let taken = 0;
  const begin = (): void => {
    const current = Math.floor(now() / MINUTE_MS);
    if (current === minute) return;
    minute = current;
    taken = 0;
  };
  return {
    left() {
      begin();
      return Math.max(0, maxDrops - taken);
    },
    take(drops) {
      begin();
      taken += drops;
    },
  };
}
