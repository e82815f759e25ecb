import fc from 'fast-check';
import { MINUTE } from '../../support/builders.ts';
import type { RestoreSeed } from './restores.ts';
import { type LoopHistory, type LoopStep, TAMPERINGS } from './steps.ts';
import { FAULTS, type Label } from './wire.ts';

const index = fc.nat({ max: 11 });

const restore: fc.Arbitrary<RestoreSeed> = fc.record({
  segments: fc.constantFrom(1, 1, 2, 2, 3, 100),
  objects: fc.constantFrom<RestoreSeed['objects'][]>(
    ['small'],
    ['small', 'small'],
    ['large'],
    ['small', 'large'],
    [],
  ),
  isObstructed: fc.constantFrom(false, false, false, false, false, true),
  hours: fc.constantFrom(24, 2),
});

const WAITS = [1_000, 20_000, MINUTE, 4 * MINUTE, 11 * MINUTE, 16 * MINUTE, 61 * MINUTE];

const start: fc.Arbitrary<LoopStep> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('submit' as const), restore: index }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('inspect' as const, 'check' as const),
      isRecovery: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('work' as const), message: index }) },
);

const network: fc.Arbitrary<LoopStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('requests' as const),
      process: index,
      count: fc.constantFrom(1, 2, 3, 5, 8, 13, 40),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('request' as const), index }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('request' as const), index, fault: fc.constantFrom(...FAULTS) }),
  },
);

const others: fc.Arbitrary<LoopStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('wait' as const, 'wait' as const, 'stall' as const),
      ms: fc.constantFrom(...WAITS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'timeIsUp' as const), process: index }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('cancel' as const, 'lie' as const, 'lie' as const),
      restore: index,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('tamper' as const),
      restore: index,
      object: index,
      how: fc.constantFrom(...TAMPERINGS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freezeIndex' as const), isFrozen: fc.boolean() }) },
);

const step = fc.oneof(
  { weight: 5, arbitrary: start },
  { weight: 10, arbitrary: network },
  { weight: 2, arbitrary: others },
);

/** One process has the wire for itself until it is done. */
const toItsEnd: LoopStep = { do: 'requests', process: 0, count: 200 };
const some = (process: number, count: number): LoopStep => ({ do: 'requests', process, count });

const SUBMITTED: readonly LoopStep[] = [{ do: 'submit', restore: 0 }, toItsEnd];
const ENQUEUED: readonly LoopStep[] = [...SUBMITTED, { do: 'inspect', isRecovery: false }, toItsEnd];
const COPIED: readonly LoopStep[] = [
  ...ENQUEUED,
  ...[0, 0].flatMap((message): LoopStep[] => [{ do: 'work', message }, toItsEnd]),
  { do: 'wait', ms: MINUTE },
];
/** The first worker is in the midst of it when its lease ends; a second one takes the task over. */
const overtaken = (first: number, second: number): readonly LoopStep[] => [
  ...ENQUEUED,
  { do: 'work', message: 0 },
  some(0, first),
  { do: 'stall', ms: 11 * MINUTE },
  { do: 'inspect', isRecovery: false },
  some(1, 200),
  { do: 'work', message: 1 },
  some(1, second),
];

const until = (process: number, before: Label): LoopStep => ({ do: 'requests', process, count: 200, before });
const toItsEndAs = (process: number): LoopStep => some(process, 200);

/** A check is paused in a publication, and the next one, past the deadline, cannot read or write what it wants to publish. */
const pausedCheck = (published: boolean, refused: Label): readonly LoopStep[] => [
  ...COPIED,
  { do: 'check', isRecovery: false },
  until(0, 'transact'),
  ...(published ? [{ do: 'next', process: 0 } as const] : []),
  { do: 'wait', ms: 150 * MINUTE },
  { do: 'check', isRecovery: false },
  until(1, refused),
  { do: 'next', process: 1, fault: 'refused' },
  toItsEndAs(1),
  toItsEndAs(0),
];
/** A check is about to fail a job for its deadline, when the last of its tasks is completed and the next check publishes it. */
const LATE_TIMEOUT: readonly LoopStep[] = [
  ...ENQUEUED,
  { do: 'wait', ms: 150 * MINUTE },
  { do: 'check', isRecovery: false },
  until(0, 'write'),
  ...[0, 0].flatMap((message): LoopStep[] => [{ do: 'work', message }, toItsEndAs(1)]),
  { do: 'check', isRecovery: false },
  toItsEndAs(1),
  toItsEndAs(0),
];
/** The source is replaced between two of its parts. */
const changedBetweenParts = (object: number, parts: number): readonly LoopStep[] => [
  ...ENQUEUED,
  { do: 'work', message: 0 },
  until(0, 'part'),
  some(0, parts),
  { do: 'tamper', restore: 0, object, how: 'replaced' },
  toItsEndAs(0),
];
/** An operator cancels between what a process reads and what it writes. */
const cancelled = (count: number, start: LoopStep): readonly LoopStep[] => [
  start,
  some(0, count),
  { do: 'cancel', restore: 0 },
];
const check: LoopStep = { do: 'check', isRecovery: false };

const upTo = <T>(max: number, of: (count: number) => T): fc.Arbitrary<T> => fc.nat({ max }).map(of);
const both = <T>(max: number, of: (first: number, second: number) => T): fc.Arbitrary<T> =>
  fc.tuple(fc.nat({ max }), fc.nat({ max })).map(([first, second]) => of(first, second));

/** How far the loop has come when the trouble begins: short, so that whatever can go wrong then comes up. */
const opening: fc.Arbitrary<readonly LoopStep[]> = fc.oneof<fc.Arbitrary<readonly LoopStep[]>[]>(
  fc.constantFrom([], SUBMITTED, ENQUEUED, COPIED),
  upTo(6, (count) => cancelled(count, { do: 'submit', restore: 0 })),
  both(6, (first, second): LoopStep[] => [
    { do: 'submit', restore: 0 },
    some(0, first),
    check,
    some(1, second),
    { do: 'cancel', restore: 0 },
  ]),
  upTo(16, (count): LoopStep[] => [...ENQUEUED, { do: 'work', message: 0 }, some(0, count)]),
  fc
    .tuple(fc.nat({ max: 16 }), fc.constantFrom(...TAMPERINGS))
    .map(([count, how]): LoopStep[] => [
      ...ENQUEUED,
      { do: 'work', message: 0 },
      some(0, count),
      { do: 'tamper', restore: 0, object: 0, how },
      some(0, 3),
    ]),
  both(16, overtaken),
  fc
    .tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }))
    .map(([first, second]): LoopStep[] => [
      ...ENQUEUED,
      { do: 'tamper', restore: 0, object: 0, how: 'occupied' },
      ...overtaken(first, second).slice(ENQUEUED.length),
    ]),
  upTo(12, (count): LoopStep[] => [...COPIED, check, some(0, count)]),
  upTo(8, (count): LoopStep[] => [...COPIED, ...cancelled(count, check)]),
  fc
    .tuple(fc.boolean(), fc.constantFrom<Label[]>('tasks', 'transact'))
    .map(([published, refused]) => pausedCheck(published, refused)),
  fc.constant(LATE_TIMEOUT),
  fc
    .tuple(fc.nat({ max: 1 }), fc.nat({ max: 4 }))
    .map(([object, parts]) => changedBetweenParts(object, parts)),
);

export const loopHistory: fc.Arbitrary<LoopHistory> = fc
  .record({
    restores: fc.array(restore, { minLength: 1, maxLength: 2 }),
    opening,
    steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
  })
  .map(({ restores, opening: before, steps }) => ({ restores, steps: [...before, ...steps] }));

/** Of one task each: the engines take their time. */
export const smallHistory: fc.Arbitrary<LoopHistory> = loopHistory.map(({ restores, steps }) => ({
  restores: restores.map((one) => ({ ...one, segments: Math.min(3, one.segments) })),
  steps,
}));
