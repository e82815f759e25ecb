import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const TIMEOUT_MS = 600_000;

interface Play<H, M> {
  readonly histories: fc.Arbitrary<H>;
  /** Fails if what happens in the history is against the rules. */
  run(history: H, mutant?: M): Promise<void>;
  readonly mutants: Readonly<Record<string, M>>;
  /** A mutant that survives as many is one that the play does not find. */
  readonly maxHistories: number;
  /** The play without a bug takes at least as many. */
  readonly leastHistories: number;
}

/** A planted bug after the other, each to be found; and none where there is none. */
export function describeMutants<H, M>(
  title: string,
  { histories, run, mutants, maxHistories, leastHistories }: Play<H, M>,
): void {
  /** Always the same histories, so that a mutant is found in every run or in none. */
  const play = (numRuns: number, mutant?: M) =>
    fc.check(
      fc.asyncProperty(histories, (history) => run(history, mutant)),
      { numRuns, seed: 1, endOnFailure: true },
    );

  describe(title, () => {
    let longest = 0;

    it.each(Object.entries(mutants))(
      '%s',
      async (_, mutant) => {
        const { failed, numRuns } = await play(maxHistories, mutant);
        expect(failed, `survived ${numRuns} histories`).toBe(true);
        longest = Math.max(longest, numRuns);
      },
      TIMEOUT_MS,
    );

    it(
      'and finds nothing in the same histories when no bug is planted',
      async () => {
        const { failed, errorInstance } = await play(Math.max(longest, leastHistories));
        expect(failed, String(errorInstance)).toBe(false);
      },
      TIMEOUT_MS,
    );
  });
}
