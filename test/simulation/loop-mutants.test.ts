import { describeMutants } from './describe-mutants.ts';
import { loopHistory } from './loop/histories.ts';
import { LOOP_MUTANTS } from './loop/mutants.ts';
import { runLoopInMemory } from './loop/run-loop.ts';

describeMutants('the play of all parties finds out when', {
  histories: loopHistory,
  run: runLoopInMemory,
  mutants: LOOP_MUTANTS,
  // Most bugs are found within twenty histories, those that need a race within a few hundred.
  maxHistories: 1_500,
  leastHistories: 100,
});
