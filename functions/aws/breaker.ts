/** The breaker opens after this many requests in a row that failed whole. */
const FAILURES_THAT_OPEN = 3;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** Spares a service that does not answer, and the time of the pass: after a pause, one request tries again. */
export interface Breaker {
  /** Whether to make a request. While open, true once per pause; the pause doubles with each further failure. */
  letsThrough(): boolean;
  succeeded(): void;
  failed(): void;
}

/** @param now epoch milliseconds */
export function createBreaker(now: () => number): Breaker {
  let failuresInARow = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let nextTryAt = 0;
  return {
    letsThrough() {
      if (failuresInARow < FAILURES_THAT_OPEN) return true;
      if (now() < nextTryAt) return false;
      // The next one waits for the answer to this one.
      nextTryAt = now() + pauseMs;
      return true;
    },
    succeeded() {
      failuresInARow = 0;
      pauseMs = FIRST_PAUSE_MS;
    },
    failed() {
      failuresInARow++;
      if (failuresInARow < FAILURES_THAT_OPEN) return;
      if (failuresInARow > FAILURES_THAT_OPEN) pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs);
      nextTryAt = now() + pauseMs;
    },
  };
}
