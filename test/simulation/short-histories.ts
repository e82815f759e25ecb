import fc from 'fast-check';
import { MINUTE } from '../support/builders.ts';
import { CALLS, type Call, FAULTS } from './disturb.ts';
import type { TaskSeed } from './records.ts';
import { CALM, type History, type PassEvent, type Step } from './steps.ts';
import { DEEDS } from './worker.ts';

const TURNS_OF_OTHERS: readonly (readonly Step[])[] = [
  ...DEEDS.map((deed): Step[] => [{ do: 'work', held: 0, deed }]),
  [{ do: 'check', job: 0 }],
  [{ do: 'cancel', job: 0 }],
  [{ do: 'claim', message: 0, keep: false, hasLease: true }],
  [{ do: 'publishBlindly', segment: 0 }],
  [{ do: 'adopt', segment: 0 }],
  ...(['inspect', 'recover'] as const).flatMap((mode): Step[][] => [
    [{ ...CALM, mode }],
    [
      { do: 'wait', ms: MINUTE },
      { ...CALM, mode },
    ],
  ]),
];
const worthyCall: fc.Arbitrary<Call> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...CALLS),
      fc.constantFrom('write tasks' as const, 'write segments' as const, 'write jobs' as const),
    ),
    fc.constantFrom(1, 1, 1, 2),
  )
  .map(([kind, number]): Call => `${kind} ${number}`);
const oneEvent: fc.Arbitrary<PassEvent> = fc.oneof(
  fc.record({ at: worthyCall, fault: fc.constantFrom(...FAULTS) }),
  fc.record({ at: worthyCall, meanwhile: fc.constantFrom(...TURNS_OF_OTHERS) }),
);
const OPENINGS: readonly (readonly Step[])[] = [
  [],
  [{ do: 'wait', ms: 6 * MINUTE }],
  [{ do: 'wait', ms: 11 * MINUTE }],
  [{ do: 'wait', ms: 20 * MINUTE }],
  [{ do: 'cancel', job: 0 }],
  [{ do: 'check', job: 0 }, CALM, { do: 'wait', ms: 20 * MINUTE }],
];

/** One pass at work, and one thing that goes wrong in it: short, so that every such thing comes up. */
export const shortHistory = ({
  seed,
  rare,
  calmPass,
  fewDrops,
}: {
  seed: fc.Arbitrary<TaskSeed>;
  rare: fc.Arbitrary<Step>;
  calmPass: fc.Arbitrary<Step>;
  fewDrops: fc.Arbitrary<number | undefined>;
}): fc.Arbitrary<History> =>
  fc
    .record({
      start: fc.array(seed, { minLength: 1, maxLength: 2 }),
      opening: fc.constantFrom(...OPENINGS),
      strange: fc.array(rare, { maxLength: 1 }),
      mode: fc.constantFrom('inspect' as const, 'recover' as const),
      event: oneEvent,
      maxDrops: fewDrops,
      after: fc.array(calmPass, { maxLength: 1 }),
    })
    .map(({ start: tasks, opening, strange, mode, event, maxDrops, after }) => ({
      start: [tasks],
      steps: [...strange, ...opening, { ...CALM, mode, maxDrops, events: [event] }, ...after],
    }));
