import type { EngineName } from './engine.ts';

/** What AWS does and an engine may not, as the contract suite of the engines checks it. */
export type Behaviour =
  | 'PartiQL takes several REMOVE clauses'
  | 'PartiQL knows IS NULL'
  | 'a failed condition of a statement returns the item'
  | 'a failed condition of a statement consumes capacity'
  | 'a standard queue hands out the message group id';

/** Something that an engine does otherwise than AWS, and what that means for the code that runs on it. */
export interface KnownDifference {
  readonly engine: EngineName;
  readonly behaviour: Behaviour;
  /** What the engine does instead. */
  readonly instead: string;
  /** What follows from it for this project. */
  readonly consequence: string;
}

/**
 * The only place that excuses an engine. The contract suite holds every engine to AWS' behaviour except for what is
 * listed here, and fails as well once a listed difference is gone: then its line, and what it costs, can go.
 */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    engine: 'dynoxide',
    behaviour: 'PartiQL takes several REMOVE clauses',
    instead: 'ValidationError for `REMOVE "a" REMOVE "b"`; takes `REMOVE "a", "b"`, which AWS refuses',
    consequence: 'a change that removes two attributes is not made by a statement',
  },
  {
    engine: 'dynoxide',
    behaviour: 'PartiQL knows IS NULL',
    instead: 'ValidationError for `"a" IS NULL`',
    consequence: 'an attribute that is NULL is compared with a parameter',
  },
  {
    engine: 'dynoxide',
    behaviour: 'a failed condition of a statement returns the item',
    instead: 'the error has no Item, whatever ReturnValuesOnConditionCheckFailure says',
    consequence: 'tests never see the outcome that comes with an item; a read finds out why',
  },
  {
    engine: 'dynoxide',
    behaviour: 'a failed condition of a statement consumes capacity',
    instead: 'no unit for a statement whose condition failed',
    consequence: 'costs counted here are too low by a write unit for each of them',
  },
  {
    engine: 'fauxqs',
    behaviour: 'a standard queue hands out the message group id',
    instead: 'drops MessageGroupId on standard queues',
    consequence: 'fairness between jobs is asserted on what is sent',
  },
];

/** Whether the engine is known to lack a behaviour of AWS. */
export const isKnownToDiffer = (engine: EngineName, behaviour: Behaviour): boolean =>
  KNOWN_DIFFERENCES.some((known) => known.engine === engine && known.behaviour === behaviour);
