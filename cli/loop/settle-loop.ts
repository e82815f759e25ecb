import { setTimeout } from 'node:timers/promises';
import { POLL_MS } from '../../engines/event-source.ts';
import type { LoopPasses } from './loop-passes.ts';
import type { LoopWorker } from './loop-worker.ts';

/**
 * Lets everybody do what there is to do, side by side and without waiting for a schedule: streams are polled as Lambda
 * does, and a worker without work looks for messages after each poll.
 */
export async function settleLoop(
  passes: Pick<LoopPasses, 'react' | 'isGathering'>,
  workers: readonly Pick<LoopWorker, 'drain'>[],
  stop: AbortSignal,
): Promise<void> {
  const atWork = new Map<(typeof workers)[number], Promise<void>>();
  let received = 0;
  const wake = (worker: (typeof workers)[number]): void => {
    const work = worker.drain().then((count) => {
      received += count;
      atWork.delete(worker);
    });
    atWork.set(worker, work);
  };
  try {
    for (;;) {
      const records = await passes.react();
      stop.throwIfAborted();
      for (const worker of workers) if (!atWork.has(worker)) wake(worker);
      const nextPoll = setTimeout(POLL_MS);
      await Promise.race([nextPoll, Promise.all(atWork.values())]);
      if (records === 0 && received === 0 && atWork.size === 0 && !passes.isGathering()) return;
      received = 0;
      await nextPoll;
    }
  } finally {
    // Nothing may be under way any more when the world is deleted.
    await Promise.allSettled(atWork.values());
  }
}
