import { describeMutants } from './describe-mutants.ts';
import { anyHistory } from './histories.ts';
import { MUTANTS } from './mutants.ts';
import { playInMemory } from './play-in-memory.ts';

describeMutants('the simulation finds out when', {
  histories: anyHistory,
  run: playInMemory,
  mutants: MUTANTS,
  // Most bugs are found within a few histories, those that need a race within two thousand or so.
  maxHistories: 10_000,
  leastHistories: 1_000,
});
