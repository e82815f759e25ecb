import { setTimeout as sleep } from 'node:timers/promises';

const MAX_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 25;
const MAX_PAUSE_MS = 1_000;

/**
 * Sends a batch, and what the service left undone again, with exponential backoff and full jitter. The SDK
 * retries whole requests; a batch that succeeds with some of its entries throttled is left to its caller.
 *
 * @param send returns the part of the work to try again
 * @returns what was still undone when the attempts, or the time of the pass, ran out
 */
export async function retryLeftovers<T>(
  work: readonly T[],
  send: (work: readonly T[]) => Promise<readonly T[]>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  let undone = await send(work);
  for (let attempt = 1; undone.length > 0 && attempt < MAX_ATTEMPTS; attempt++) {
    const pause = Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    try {
      await sleep(pause, undefined, { signal });
    } catch {
      return undone;
    }
    undone = await send(undone);
  }
  return undone;
}
