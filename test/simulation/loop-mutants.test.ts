import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loopHistory } from './loop/histories.ts';
import { LOOP_MUTANTS } from './loop/mutants.ts';
import { runLoopInMemory } from './loop/run-loop.ts';
import type { Mutant } from './loop/stage.ts';

/** Most bugs are found within twenty histories, those that need a race within a few hundred. */
const MAX_HISTORIES = 1_500;
const TIMEOUT_MS = 600_000;

/** Always the same histories, so that a mutant is found in every run or in none. */
const play = (numRuns: number, mutant?: Mutant) =>
  fc.check(
    fc.asyncProperty(loopHistory, (history) => runLoopInMemory(history, mutant)),
    { numRuns, seed: 1, endOnFailure: true },
  );

describe('the play of all parties finds out when', () => {
  let longest = 0;

  it.each(Object.entries(LOOP_MUTANTS))(
    '%s',
    async (_, mutant) => {
      const { failed, numRuns } = await play(MAX_HISTORIES, mutant);
      expect(failed, `survived ${numRuns} histories`).toBe(true);
      longest = Math.max(longest, numRuns);
    },
    TIMEOUT_MS,
  );

  it(
    'and finds nothing in the same histories when no bug is planted',
    async () => {
      const { failed, errorInstance } = await play(Math.max(longest, 100));
      expect(failed, String(errorInstance)).toBe(false);
    },
    TIMEOUT_MS,
  );
});
