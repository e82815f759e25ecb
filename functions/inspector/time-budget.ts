/**
 * No unit of work is started with less than this left: it is large enough for what is in flight (ten sends, a
 * hundred tasks' drops) to end, SDK retries included, and for the report.
 */
const RESERVE_MS = 10_000;

/** What is still in flight this long before the end is cut off, which is harmless: a crash would be, too. */
const CUT_OFF_MS = 1_000;

/** How much longer a pass may run. */
export interface TimeBudget {
  /** Whether to start nothing more. */
  isShort(): boolean;
  /** Aborts requests that would outlast the pass. */
  readonly signal: AbortSignal;
  /** Lets go of the timer. */
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
    isShort: () => remainingMs() < RESERVE_MS,
    signal: abort.signal,
    end: () => clearTimeout(timer),
  };
}
