/**
 * No unit of work is started with less than this left: ten sends and a hundred tasks' drops end in a second or
 * two, with a few retries in several.
 */
const RESERVE_MS = 10_000;

/**
 * What is still in flight this long before the end is cut off, so that there is always a report. It is harmless,
 * as a crash would be; the pass says that it is not complete.
 */
const CUT_OFF_MS = 2_000;

/** How much longer a pass may run. The only place that knows when its time is over. */
export interface TimeBudget {
  /** Whether to start nothing more. */
  isOver(): boolean;
  /** Whether to start no more work on tasks: the schedule's next inspection takes over. */
  isOverForTasks(): boolean;
  /** Whether what was under way may have been aborted, so that nothing is known of it. */
  wasCutOff(): boolean;
  /** Whether something was left for want of time. */
  ranShort(): boolean;
  /** @returns whether this share of the time that is left now has been used */
  share(fraction: number): () => boolean;
  /** Aborts requests that would outlast the pass. */
  readonly signal: AbortSignal;
  /** Ends the pass: nothing still under way continues beside the next one. */
  end(): void;
}

export interface TimeLimits {
  /** Milliseconds until the pass is ended from outside; `Infinity` if nothing ends it. */
  readonly remainingMs: () => number;
  /** Ends the pass from outside at once. */
  readonly cutOff?: AbortSignal | undefined;
  /** How long an inspection may work on tasks, in milliseconds: the schedule's interval. */
  readonly inspectMs?: number | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function createTimeBudget({
  remainingMs,
  cutOff,
  inspectMs = Number.POSITIVE_INFINITY,
  now,
}: TimeLimits): TimeBudget {
  const tasksUntil = now() + inspectMs - RESERVE_MS;
  const ended = new AbortController();
  const untilCutOff = remainingMs() - CUT_OFF_MS;
  const timer = Number.isFinite(untilCutOff)
    ? setTimeout(() => ended.abort(), Math.max(0, untilCutOff)).unref()
    : undefined;
  const signal = cutOff ? AbortSignal.any([ended.signal, cutOff]) : ended.signal;
  let ranShort = false;
  /** Asked before something is started, which is left if the answer is yes. */
  const left = (isOver: boolean): boolean => {
    ranShort ||= isOver;
    return isOver;
  };
  const isOver = (): boolean => left(signal.aborted || remainingMs() < RESERVE_MS);
  return {
    isOver,
    isOverForTasks: () => isOver() || left(now() >= tasksUntil),
    wasCutOff: () => signal.aborted,
    ranShort: () => ranShort || signal.aborted,
    share(fraction) {
      const end = remainingMs() * (1 - fraction);
      return () => Number.isFinite(end) && remainingMs() < end;
    },
    signal,
    end: () => {
      clearTimeout(timer);
      ended.abort();
    },
  };
}
