/** With less than this left, no object and no part is started any more, in milliseconds. */
export const HAND_OVER_MS = 60_000;

/** What is in flight is ended with this left: giving uploads up and handing the task over takes the rest. */
export const CUT_OFF_MS = 20_000;

/** How much longer a worker may copy. */
export interface TimeLeft {
  /** Whether to start nothing more. */
  isOver(): boolean;
  /** Aborted when what is still in flight has to end. */
  readonly signal: AbortSignal;
  /** Nothing is copied any more. */
  end(): void;
}

/** @param remainingMs milliseconds until the worker is ended from outside; `Infinity` if nothing ends it */
export function createTimeLeft(remainingMs: () => number): TimeLeft {
  const cutOff = new AbortController();
  const untilCutOff = remainingMs() - CUT_OFF_MS;
  const timer = Number.isFinite(untilCutOff)
    ? setTimeout(() => cutOff.abort(new Error('the time of the worker is over')), Math.max(0, untilCutOff))
    : undefined;
  return {
    isOver: () => cutOff.signal.aborted || remainingMs() < HAND_OVER_MS,
    signal: cutOff.signal,
    end: () => clearTimeout(timer),
  };
}
