import type { EngineName } from './engine.ts';

/** What AWS does and an engine may not, as the contract suite of the engines checks it. */
export type Behaviour =
  | 'PartiQL takes several REMOVE clauses'
  | 'PartiQL knows IS NULL'
  | 'a failed condition of a statement returns the item'
  | 'a failed condition of a statement consumes capacity'
  | 'a batch of statements tells what it consumed'
  | 'a read that finds nothing consumes capacity'
  | 'a key of another type is refused'
  | 'half a surrogate pair is refused'
  | 'a standard queue hands out the message group id'
  | ObjectBehaviour;

/** The same of S3. */
export type ObjectBehaviour =
  | 'S3 creates no object over another one that is there'
  | 'S3 finishes no upload over an object that is there'
  | 'S3 copies no source that is not the one that was named'
  | 'S3 copies no part of a source that is not the one that was named'
  | 'S3 keeps a checksum of an object that was copied in parts';

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
    consequence:
      'a change that removes two attributes costs a request of its own here, and none of its own on AWS',
  },
  {
    engine: 'dynoxide',
    behaviour: 'PartiQL knows IS NULL',
    instead: 'ValidationError for `"a" IS NULL`',
    consequence: 'a condition that an attribute is NULL compares it with a parameter',
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
    engine: 'dynoxide',
    behaviour: 'a key of another type is refused',
    instead: 'a statement whose key is a string finds no item: ConditionalCheckFailed',
    consequence: 'none: the tables hold no such key, so no change bears one',
  },
  {
    engine: 'dynamodb-local',
    behaviour: 'half a surrogate pair is refused',
    instead: 'stores a text that is no UTF-8, which AWS documents a string to be, and returns it as it was',
    consequence: 'that reasons are cut by code points shows on the embedded engine alone',
  },
  {
    engine: 'dynamodb-local',
    behaviour: 'a batch of statements tells what it consumed',
    instead: 'no ConsumedCapacity for BatchExecuteStatement, whatever ReturnConsumedCapacity says',
    consequence: 'write units are counted on the embedded engine alone',
  },
  {
    engine: 'dynamodb-local',
    behaviour: 'a failed condition of a statement consumes capacity',
    instead: 'as above: nothing about any statement',
    consequence: 'as above',
  },
  {
    engine: 'dynamodb-local',
    behaviour: 'a read that finds nothing consumes capacity',
    instead: 'no unit for a key that is not there, or for a query without results',
    consequence: 'what an idle pass costs is counted on the embedded engine alone',
  },
  {
    engine: 'fauxqs',
    behaviour: 'a standard queue hands out the message group id',
    instead: 'drops MessageGroupId on standard queues',
    consequence: 'fairness between jobs is asserted on what is sent',
  },
  ...(
    [
      'S3 creates no object over another one that is there',
      'S3 finishes no upload over an object that is there',
      'S3 copies no source that is not the one that was named',
      'S3 copies no part of a source that is not the one that was named',
    ] as const
  ).map((behaviour) => ({
    engine: 'fauxqs' as const,
    behaviour,
    instead: 'ignores If-None-Match and x-amz-copy-source-if-match, and writes',
    consequence: 'engines/s3-preconditions.ts stands before it and answers 412 in its place',
  })),
  {
    engine: 'fauxqs',
    behaviour: 'S3 keeps a checksum of an object that was copied in parts',
    instead: 'computes none by itself, and no CRC64NVME at all',
    consequence: 'what is copied in parts here is known to be equal by the source that it was copied from',
  },
];

/** Whether the engine is known to lack a behaviour of AWS. */
export const isKnownToDiffer = (engine: EngineName, behaviour: Behaviour): boolean =>
  KNOWN_DIFFERENCES.some((known) => known.engine === engine && known.behaviour === behaviour);
