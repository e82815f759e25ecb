import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../support/builders.ts';
import { embeddedStage } from './embedded-stage.ts';
import { anyHistory, calmHistory } from './histories.ts';
import { memoryStage } from './memory-stage.ts';
import { playInMemory } from './play-in-memory.ts';
import { runHistory } from './run-history.ts';
import type { Stage } from './stage.ts';
import { CALM, type History } from './steps.ts';

/** How many histories are played: SIMULATION_RUNS in the environment asks for more. */
const RUNS = Number(process.env.SIMULATION_RUNS ?? 1_000);
/** How many of them on the embedded engines, where each takes about a thousand times as long. */
const EMBEDDED_RUNS = Math.ceil(RUNS / 200);
const TIMEOUT_MS = 60_000 + 100 * RUNS;

describe('whatever workers, checkers, strangers and passes do', () => {
  const outcome = 'nothing is lost, nothing live is dropped, and everything comes to its end';

  it(
    outcome,
    () =>
      fc.assert(
        fc.asyncProperty(anyHistory, (history) => playInMemory(history)),
        { numRuns: RUNS },
      ),
    TIMEOUT_MS,
  );

  it(
    `${outcome}: on the embedded engines as well`,
    () =>
      fc.assert(
        fc.asyncProperty(anyHistory, async (history) => runHistory(await embeddedStage(), history)),
        { numRuns: EMBEDDED_RUNS, endOnFailure: true },
      ),
    TIMEOUT_MS,
  );
});

describe('tables in memory stand for the engines', () => {
  it(
    'what nobody disturbs ends in the same items and messages on both',
    () =>
      fc.assert(
        fc.asyncProperty(calmHistory, async (history) => {
          const [memory, embedded] = [memoryStage({ pageSize: 1_000 }), await embeddedStage()];
          expect(await endOf(embedded, history)).toEqual(await endOf(memory, history));
        }),
        { numRuns: EMBEDDED_RUNS, endOnFailure: true },
      ),
    TIMEOUT_MS,
  );

  const endOf = async (stage: Stage, history: History) => {
    await runHistory(stage, history);
    return { ...(await stage.items()), queue: stage.queue };
  };
});

/** Each of these broke something once; the shortest form that fast-check found. */
describe('what the simulation found holds', () => {
  const ours = { targets: ['ours'], compact: false, lostLeases: 0 } as const;

  it.each<[string, History]>([
    [
      'a task without a shard gets one from the recovery that hands it on, so that its next lease is watched',
      {
        start: [[{ ...ours, state: 'Pending' }]],
        steps: [
          { do: 'strangersTask', job: 0, kind: 'leaseless', seed: { ...ours, state: 'Pending' } },
          { ...CALM, mode: 'recover' },
          ...[0, 1].map((message) => ({ do: 'claim', message, keep: true, hasLease: true }) as const),
        ],
      },
    ],
    [
      'a recovery that mends a far marker leaves a task alone that another pass settled meanwhile',
      {
        start: [[{ ...ours, state: 'Pending' }]],
        steps: [
          { do: 'strangersTask', job: 0, kind: 'farMarkerFailed', seed: { ...ours, state: 'Pending' } },
          { do: 'check', job: 0 },
          { do: 'wait', ms: MINUTE },
          { ...CALM, mode: 'recover', events: [{ at: 'write tasks 1', meanwhile: [CALM] }] },
        ],
      },
    ],
    [
      'a settled task of a job that somebody completed stays out of the index, though the index still shows it',
      {
        start: [
          [
            { ...ours, state: 'Failed' },
            { ...ours, state: 'Pending' },
          ],
        ],
        steps: [CALM, { do: 'completeBlindly', job: 0 }, { ...CALM, lag: 2 }],
      },
    ],
    [
      'a recovery that cannot tell whether a job is missing does not say that it is complete',
      {
        start: [[{ ...ours, state: 'Pending' }]],
        steps: [
          { do: 'orphan', seed: { ...ours, state: 'Failed' } },
          { do: 'wait', ms: HOUR },
          { ...CALM, mode: 'recover', events: [{ at: 'read jobs 2', fault: 'refused' }] },
        ],
      },
    ],
    [
      'two passes that tell the checker of the same failure at once write the same',
      {
        start: [[{ ...ours, state: 'Pending' }], [{ ...ours, targets: ['ours', 'ours'], state: 'Failed' }]],
        steps: [
          { do: 'wait', ms: 61 * MINUTE },
          { do: 'cancel', job: 0 },
          { ...CALM, maxDrops: 2 },
          { do: 'wait', ms: 20 * MINUTE },
          { do: 'overlap', passes: [CALM, CALM], turns: [0] },
        ],
      },
    ],
    [
      'a drop whose answer was lost, and which the retry finds made, counts for maxDrops',
      {
        start: [
          [
            { ...ours, targets: ['ownerless'], state: 'Pending' },
            { ...ours, state: 'Held' },
          ],
        ],
        steps: [
          { do: 'cancel', job: 0 },
          { ...CALM, maxDrops: 1, events: [{ at: 'write segments 2', fault: 'retried' }] },
        ],
      },
    ],
  ])('%s', (_, history) => playInMemory(history));
});
