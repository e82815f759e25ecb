/** What a drop that finds its target otherwise than expected costs, in reads: a write unit costs as much as five. */
const READS_PER_FAILED_CONDITION = 5;

/** How long, in targets, what was found before is remembered. */
const MEMORY = 1_000;

/**
 * Whether targets are as they are expected to be, going by those before them. Dropping them without a read pays while
 * five of six are.
 */
export interface Expectation {
  isWorthIt(): boolean;
  /** Whether anything is known yet. */
  isTested(): boolean;
  /** Whether a target was as expected. */
  note(wasRight: boolean): void;
}

export function createExpectation(): Expectation {
  let saved = 0;
  let isTested = false;
  return {
    isTested: () => isTested,
    isWorthIt: () => saved >= 0,
    note(wasRight) {
      isTested = true;
      const change = wasRight ? 1 : -READS_PER_FAILED_CONDITION;
      saved = Math.max(-MEMORY, Math.min(MEMORY, saved + change));
    },
  };
}
