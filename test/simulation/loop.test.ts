import fc from 'fast-check';
import { describe, it } from 'vitest';
import { embeddedLoopStage } from './loop/embedded-stage.ts';
import { loopHistory, smallHistory } from './loop/histories.ts';
import { runLoop, runLoopInMemory } from './loop/run-loop.ts';

/** How many histories are played: SIMULATION_RUNS in the environment asks for more. */
const RUNS = Math.ceil(Number(process.env.SIMULATION_RUNS ?? 1_000) / 2);
/** How many of them on the embedded engines, where each takes a hundred times as long. */
const EMBEDDED_RUNS = Math.ceil(RUNS / 150);
const TIMEOUT_MS = 60_000 + 400 * RUNS;

describe('whatever befalls submits, passes, checks and workers, and the requests between them', () => {
  const outcome = 'every restore ends with all of its segments, or none';

  it(
    outcome,
    () =>
      fc.assert(
        fc.asyncProperty(loopHistory, (history) => runLoopInMemory(history)),
        { numRuns: RUNS },
      ),
    TIMEOUT_MS,
  );

  it(
    `${outcome}: on the embedded engines as well, which cancel transactions for a conflict`,
    () =>
      fc.assert(
        fc.asyncProperty(smallHistory, async (history) => runLoop(await embeddedLoopStage(), history)),
        { numRuns: EMBEDDED_RUNS, endOnFailure: true },
      ),
    TIMEOUT_MS,
  );
});
