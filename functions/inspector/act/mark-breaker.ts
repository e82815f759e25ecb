import type { WriteOutcome } from '../../copy-segment/stores.ts';

/** A pass stops sending after this many batches of marks in a row that failed whole. */
const FAILURES_THAT_OPEN = 3;

/**
 * A message whose mark fails is sent again by the next pass. A table that refuses writes would turn a backlog into a
 * storm of messages, every minute (milvus-io/milvus#51019): the pass sends nothing more.
 */
export interface MarkBreaker {
  isOpen(): boolean;
  /** How one batch of marks ended. */
  note(outcomes: readonly WriteOutcome[]): void;
}

export function createMarkBreaker(): MarkBreaker {
  let failuresInARow = 0;
  return {
    isOpen: () => failuresInARow >= FAILURES_THAT_OPEN,
    note(outcomes) {
      if (failuresInARow >= FAILURES_THAT_OPEN) return;
      failuresInARow = outcomes.every(({ kind }) => kind === 'failed') ? failuresInARow + 1 : 0;
    },
  };
}
