import fc from 'fast-check';
import { MINUTE } from '../support/builders.ts';
import { CALLS, type Call, FAULTS } from './disturb.ts';
import { SEED_STATES, STRANGERS, TARGETS, type TaskSeed } from './records.ts';
import { shortHistory } from './short-histories.ts';
import type { History, PassEvent, PassStep, Step } from './steps.ts';
import { DEEDS } from './worker.ts';

const index = fc.nat({ max: 11 });

const seed: fc.Arbitrary<TaskSeed> = fc.record({
  targets: fc.array(fc.constantFrom(...TARGETS), { minLength: 1, maxLength: 3 }),
  compact: fc.boolean(),
  lostLeases: fc.constantFrom(0, 0, 0, 8, 9, 9),
  state: fc.constantFrom(...SEED_STATES),
});

/** A pass takes 15 minutes at most: in the midst of one, nobody waits long. */
const MOMENTS = [1, MINUTE, 6 * MINUTE];
const WAITS = [...MOMENTS, 11 * MINUTE, 20 * MINUTE, 61 * MINUTE, 400 * MINUTE];

const partyThatWaits = (waits: readonly number[]): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('claim' as const),
        message: index,
        keep: fc.boolean(),
        hasLease: fc.constantFrom(true, true, true, false),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('work' as const),
        held: index,
        deed: fc.constantFrom(...DEEDS),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('check' as const), job: index }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), job: index }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.constantFrom(...waits),
      }),
    },
  );

const party = partyThatWaits(WAITS);

const rare: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('submit' as const), tasks: fc.array(seed, { minLength: 1, maxLength: 3 }) }),
  fc.record({ do: fc.constant('lateTask' as const), job: index, first: fc.boolean(), seed }),
  fc.record({
    do: fc.constant('strangersTask' as const),
    job: index,
    kind: fc.constantFrom(...STRANGERS),
    seed,
  }),
  fc.record({ do: fc.constant('orphan' as const), seed }),
  fc.record({ do: fc.constant('completeBlindly' as const), job: index }),
  fc.record({ do: fc.constantFrom('publishBlindly' as const, 'adopt' as const), segment: index }),
);

/** Tasks have up to three targets: some of a task's are let through, and some are not. */
const fewDrops = fc.constantFrom(undefined, undefined, undefined, undefined, 1, 2, 4);

const passes = (
  events: fc.Arbitrary<PassEvent[]>,
  lag = fc.constantFrom(0, 0, 1, 2),
): fc.Arbitrary<PassStep> =>
  fc.record({
    do: fc.constant('pass' as const),
    mode: fc.constantFrom('inspect' as const, 'inspect' as const, 'recover' as const),
    onlyJob: fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: index }),
    dryRun: fc.constantFrom(false, false, false, false, false, true),
    maxDrops: fewDrops,
    lag,
    events,
  });

const calmPass = passes(fc.constant([]), fc.constant(0));
const call: fc.Arbitrary<Call> = fc
  .tuple(fc.constantFrom(...CALLS), fc.constantFrom(1, 1, 1, 2, 2, 3, 5))
  .map(([kind, number]): Call => `${kind} ${number}`);
const fault = fc.record({ at: call, fault: fc.constantFrom(...FAULTS) });
const other: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: partyThatWaits(MOMENTS) },
  { weight: 2, arbitrary: calmPass },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('publishBlindly' as const, 'adopt' as const),
      segment: index,
    }),
  },
);
const meanwhile = fc.record({ at: call, meanwhile: fc.array(other, { minLength: 1, maxLength: 3 }) });
const events = fc.array(fc.oneof(fault, meanwhile), { maxLength: 3 });

const start = fc.array(fc.array(seed, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 2 });
const historyOf = (step: fc.Arbitrary<Step>): fc.Arbitrary<History> =>
  fc.record({ start, steps: fc.array(step, { minLength: 2, maxLength: 15 }) });

/** Anything, in any order. */
const longHistory = historyOf(
  fc.oneof(
    { weight: 12, arbitrary: party },
    { weight: 2, arbitrary: rare },
    { weight: 2, arbitrary: calmPass },
    { weight: 8, arbitrary: passes(events) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('overlap' as const),
        passes: fc.array(passes(events), { minLength: 2, maxLength: 3 }),
        turns: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 7 }),
      }),
    },
  ),
);

export const anyHistory = fc.oneof(longHistory, {
  weight: 3,
  arbitrary: shortHistory({ seed, rare, calmPass, fewDrops }),
});

/** One thing after the other, and nothing fails: every engine makes the same of it. */
export const calmHistory = historyOf(
  fc.oneof(
    { weight: 6, arbitrary: party },
    { weight: 2, arbitrary: rare },
    { weight: 4, arbitrary: calmPass },
  ),
);
