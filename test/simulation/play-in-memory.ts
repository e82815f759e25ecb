import { setImmediate } from 'node:timers/promises';
import { memoryStage } from './memory-stage.ts';
import type { Mutant } from './plant.ts';
import { Foul } from './referee.ts';
import { runHistory } from './run-history.ts';
import type { History } from './steps.ts';
import { watchPass } from './watch-pass.ts';

/**
 * Plays a history on tables in memory, watched at every write and message.
 *
 * @throws Foul for what must not happen
 */
export async function playInMemory(history: History, mutant: Mutant = (stores) => stores): Promise<void> {
  // A history is one long run of promises: without a turn of the event loop, nothing of the last one is freed.
  await setImmediate();
  const fouls: string[] = [];
  const accepted = new Set<string>();
  const stage = memoryStage({
    watch: (facts) => watchPass(facts, accepted, (foul) => fouls.push(foul)),
    ...('misread' in mutant && mutant),
  });
  await runHistory(stage, history, (stores) =>
    'misread' in mutant ? stores : mutant(stores, stage.stale()),
  );
  if (fouls.length > 0) throw new Foul(fouls.join('; '));
}
