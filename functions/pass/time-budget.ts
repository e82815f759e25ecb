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

/** How much longer a pass may run. The one place that knows when its time is over. */
export interface TimeBudget {
  /** Whether to start nothing more. */
  isOver(): boolean;
  /** @returns whether this share of the time that is left now has been used */
  share(fraction: number): () => boolean;
  /** Aborts requests that would outlast the pass. */
  readonly signal: AbortSignal;
  /** The pass is over: nothing that is still under way continues beside the next one. */
  end(): void;
}

/**
 * @param remainingMs milliseconds until the pass is ended from outside; `Infinity` if nothing ends it
 * @param cutOff ends the pass from outside at once
 */
export function createTimeBudget(remainingMs: () => number, cutOff?: AbortSignal): TimeBudget {
  const ended = new AbortController();
  const untilCutOff = remainingMs() - CUT_OFF_MS;
  const timer = Number.isFinite(untilCutOff)
    ? setTimeout(() => ended.abort(), Math.max(0, untilCutOff)).unref()
    : undefined;
  const signal = cutOff ? AbortSignal.any([ended.signal, cutOff]) : ended.signal;
  return {
    isOver: () => signal.aborted || remainingMs() < RESERVE_MS,
    share(fraction) {
      const least = remainingMs() * (1 - fraction);
      return () => Number.isFinite(least) && remainingMs() < least;
    },
    signal,
    end: () => {
      clearTimeout(timer);
      ended.abort();
    },
  };
}
