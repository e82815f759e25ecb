import type { SendOutcome } from '../../copy-segment/stores.ts';

/** Requests to SQS that are under way at once. */
const MAX_SENDS = 16;

/** As many failures in a row as the queue takes before it is left alone for a while. */
const TRIES = 3;

/** How many sends of a pass may be under way: few until one has gone through, so that a queue that is down is hardly asked. */
export interface SendPace {
  maxAtOnce(): number;
  /** How one send ended. */
  note(outcomes: readonly SendOutcome[]): void;
}

export function createSendPace(): SendPace {
  let hasSucceeded = false;
  let failuresInARow = 0;
  return {
    maxAtOnce: () => (hasSucceeded ? MAX_SENDS : Math.max(1, TRIES - failuresInARow)),
    note(outcomes) {
      if (outcomes.every(({ kind }) => kind === 'failed')) failuresInARow++;
      else hasSucceeded = true;
    },
  };
}
