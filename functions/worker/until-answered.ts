import { TemporaryError } from '../copy-segment/stores.ts';
import type { Time } from './timers.ts';

const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;

/**
 * Asks DynamoDB until it answers, with backoff: what it throttles for a minute must not cost the hours of copying that
 * a lease stands for. The SDK's own retries end after a few seconds.
 *
 * @param deadline epoch milliseconds; the last attempt is made then. Read before each pause: it may have moved
 * @throws TemporaryError if there was no answer by then
 */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  deadline: () => number,
  { now, after }: Time,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TemporaryError) || now() >= deadline()) throw error;
    }
    const leftMs = deadline() - now();
    await new Promise<void>((resolve) => {
      after(Math.min(pauseMs, leftMs), resolve);
    });
  }
}
