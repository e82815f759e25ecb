import type { Cancel, Time } from '../../functions/worker/timers.ts';
import { timeOf } from './loop-event.ts';

/**
 * A clock that runs like any other while somebody works, and is put forward while everybody waits: what takes ten
 * minutes of waiting takes none, and no lease of anybody at work runs out, however slow the machine.
 */
export interface SkippingClock extends Time {
  /** Milliseconds since it was started. */
  elapsed(): number;
  /** Milliseconds that have not been skipped. */
  worked(): number;
  /** `12:00.4`, minutes and seconds from its start to a moment, in epoch milliseconds by this clock. */
  format(moment: number): string;
  /** Puts the clock forward to a time since its start; what was to happen by then, happens now. */
  skipTo(elapsed: number): void;
  /** Nothing happens any more. */
  end(): void;
}

interface Timer {
  /** Epoch milliseconds, by this clock. */
  readonly at: number;
  readonly act: () => void;
  cancel: Cancel;
}

export function startSkippingClock(): SkippingClock {
  const startedAt = Date.now();
  const started = performance.now();
  const timers = new Set<Timer>();
  let skipped = 0;

  const worked = (): number => performance.now() - started;
  const elapsed = (): number => worked() + skipped;
  const now = (): number => Math.floor(startedAt + elapsed());

  const arm = (timer: Timer): void => {
    const handle = setTimeout(() => fire(timer), Math.max(0, timer.at - now()));
    timer.cancel = () => clearTimeout(handle);
  };
  const fire = (timer: Timer): void => {
    timer.cancel();
    if (timers.delete(timer)) timer.act();
  };

  return {
    now,
    elapsed,
    worked,
    format: (moment) => timeOf(moment - startedAt),
    after(delayMs, act) {
      const timer: Timer = { at: now() + delayMs, act, cancel: () => {} };
      timers.add(timer);
      arm(timer);
      return () => {
        timer.cancel();
        timers.delete(timer);
      };
    },
    skipTo(wanted) {
      skipped += Math.max(0, wanted - elapsed());
      for (const timer of [...timers].sort((a, b) => a.at - b.at))
        if (timer.at <= now()) fire(timer);
        else {
          timer.cancel();
          arm(timer);
        }
    },
    end() {
      for (const { cancel } of timers) cancel();
      timers.clear();
    },
  };
}
