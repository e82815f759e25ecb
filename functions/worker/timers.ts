/** Calls back once after a delay in milliseconds, unless it is cancelled by then. What it calls never throws. */
export type After = (delayMs: number, act: () => void) => Cancel;
export type Cancel = () => void;

/** The clock and the timers of a worker. */
export interface Time {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly after: After;
}

export const realAfter: After = (delayMs, act) => {
  const timer = setTimeout(act, delayMs);
  return () => clearTimeout(timer);
};
