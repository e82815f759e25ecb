import { setImmediate } from 'node:timers/promises';
import type { After } from '../../functions/worker/timers.ts';
import type { Disturbance } from './embedded-world.ts';

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export type ManualTime = ReturnType<typeof manualTime>;

/** Timers of a clock that only `pass` moves, so that no test waits, or hurries. */
export function manualTime(clock: { now: number }) {
  const timers = new Set<Timer>();
  const requests = new Set<Promise<unknown>>();

  const after: After = (delayMs, act) => {
    const timer = { at: clock.now + delayMs, act };
    timers.add(timer);
    return () => timers.delete(timer);
  };

  /** Until no request is under way, and none follows from the answer to the last. */
  const quiet = async (): Promise<void> => {
    do {
      await Promise.allSettled(requests);
      await setImmediate();
    } while (requests.size > 0);
  };

  return {
    after,
    quiet,
    pending: (): number => timers.size,

    /** Passes calls on, and knows which are under way. */
    watching:
      (disturb: Disturbance = (call) => call.proceed()): Disturbance =>
      async (call) => {
        const request = disturb(call);
        requests.add(request);
        try {
          return await request;
        } finally {
          requests.delete(request);
        }
      },

    /** Moves the clock on; what comes due meanwhile does its work, until it is done or pauses itself. */
    async pass(ms: number): Promise<void> {
      const end = clock.now + ms;
      await quiet();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        clock.now = Math.max(clock.now, next.at);
        next.act();
        await quiet();
      }
      clock.now = end;
    },

    /** Moves the clock on while the process is suspended: nothing comes due in time. */
    stall(ms: number): void {
      clock.now += ms;
    },
  };
}
