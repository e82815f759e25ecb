/**
 * No unit of work is started with less than this left: ten sends and a hundred tasks' drops end in a second or
 * two, with a few retries in several.
 */
export const RESERVE_MS = 10_000;

/**
 * What is still in flight this long before the end is cut off, so that there is always a report. It is harmless,
 * as a crash would be; the pass says that it is not complete.
 */
const CUT_OFF_MS = 2_000;

/** How much longer a pass may run. */
export interface TimeBudget {
  /** Whether to start nothing more. */
  isShort(): boolean;
  /** Aborts requests that would outlast the pass. */
  readonly signal: AbortSignal;
  /** The pass is over: nothing that is still under way goes on beside the next one. */
  end(): void;
}

/** @param remainingMs milliseconds until the pass is ended from outside; `Infinity` if nothing ends it */
export function createTimeBudget(remainingMs: () => number): TimeBudget {
  const abort = new AbortController();
  const untilCutOff = remainingMs() - CUT_OFF_MS;
  const timer = Number.isFinite(untilCutOff)
    ? setTimeout(() => abort.abort(), Math.max(0, untilCutOff)).unref()
    : undefined;
  return {
    isShort: () => abort.signal.aborted || remainingMs() < RESERVE_MS,
    signal: abort.signal,
    end: () => {
      clearTimeout(timer);
      abort.abort();
    },
  };
}
