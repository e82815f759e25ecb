import type { LoopEvent } from './loop-event.ts';
import type { Played } from './play-loop.ts';
import type { LoopEnd } from './promises.ts';

/** How a run of the loop is told. */
export interface LoopOutput {
  event(event: LoopEvent): void;
  end(played: Played, end: LoopEnd): Promise<void>;
}
