import type { After } from '../../functions/worker/timers.ts';

interface Timer {
  readonly at: number;
  readonly act: () => void | Promise<void>;
}

export type ManualTime = ReturnType<typeof manualTime>;

/** Timers of a clock that only `pass` moves, so that no test waits, or hurries. */
export function manualTime(clock: { now: number }) {
  const timers = new Set<Timer>();
  const underWay = new Set<Promise<void>>();
  let wake: () => void = () => {};
  let armed = new Promise<void>((resolve) => {
    wake = resolve;
  });

  const after: After = (delayMs, act) => {
    const timer = { at: clock.now + delayMs, act };
    timers.add(timer);
    wake();
    armed = new Promise((resolve) => {
      wake = resolve;
    });
    return () => timers.delete(timer);
  };

  return {
    after,

    /** When something sets a timer the next time, as whoever pauses does. */
    nextTimer: () => armed,

    /** Moves the clock on, and lets what comes due meanwhile do its work, until it has done so or pauses itself. */
    async pass(ms: number): Promise<void> {
      const end = clock.now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        clock.now = Math.max(clock.now, next.at);
        const nextTimer = armed;
        const work = Promise.resolve(next.act()).finally(() => underWay.delete(work));
        underWay.add(work);
        await Promise.race([nextTimer, Promise.all(underWay)]);
      }
      clock.now = end;
    },

    /** Moves the clock on while the process is suspended: nothing comes due in time. */
    stall(ms: number): void {
      clock.now += ms;
    },
  };
}
