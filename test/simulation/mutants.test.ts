import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyHistory } from './histories.ts';
import { MUTANTS } from './mutants.ts';
import type { Mutant } from './plant.ts';
import { playInMemory } from './play-in-memory.ts';

/** Most bugs are found within a few histories, those that need a race within two thousand or so. */
const MAX_HISTORIES = 10_000;
const TIMEOUT_MS = 600_000;

/** Always the same histories, so that a mutant is found in every run or in none. */
const play = (numRuns: number, mutant?: Mutant) =>
  fc.check(
    fc.asyncProperty(anyHistory, (history) => playInMemory(history, mutant)),
    { numRuns, seed: 1, endOnFailure: true },
  );

describe('the simulation finds out when', () => {
  let longest = 0;

  it.each(Object.entries(MUTANTS))(
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
      const { failed, errorInstance } = await play(Math.max(longest, 1_000));
      expect(failed, String(errorInstance)).toBe(false);
    },
    TIMEOUT_MS,
  );
});
