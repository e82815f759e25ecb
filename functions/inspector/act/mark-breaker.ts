import type { WriteOutcome } from '../../copy-segment/stores.ts';

/** As many marks as one batch of statements takes. */
export const MARKS_PER_BATCH = 25;

/** A pass stops sending after this many batches of marks in a row that failed whole. */
const FAILURES_THAT_OPEN = 3;

/** Messages that may be sent and not yet marked: enough to keep sixteen sends and as many batches of marks under way. */
const MAX_UNMARKED = 400;

/**
 * A message whose mark fails is sent again by the next pass. A table that refuses writes would turn a backlog into a
 * storm of messages, every minute (milvus-io/milvus#51019): the pass sends nothing more.
 */
export interface MarkBreaker {
  isOpen(): boolean;
  /** How many messages may be sent and not yet marked: no more than may be sent in vain, until a batch succeeds. */
  maxUnmarked(): number;
  /** How one batch of marks ended; batches are noted in the order in which they began. */
  note(outcomes: readonly WriteOutcome[]): void;
}

export function createMarkBreaker(): MarkBreaker {
  let failuresInARow = 0;
  let hasSucceeded = false;
  return {
    isOpen: () => failuresInARow >= FAILURES_THAT_OPEN,
    maxUnmarked: () =>
      hasSucceeded && failuresInARow === 0
        ? MAX_UNMARKED
        : (FAILURES_THAT_OPEN - failuresInARow) * MARKS_PER_BATCH,
    note(outcomes) {
      if (failuresInARow >= FAILURES_THAT_OPEN) return;
      const isFailure = outcomes.every(({ kind }) => kind === 'failed');
      failuresInARow = isFailure ? failuresInARow + 1 : 0;
      hasSucceeded ||= !isFailure;
    },
  };
}
