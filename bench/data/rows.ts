import type { Row } from '../../engines/load.ts';
import { dueShardOf } from '../../functions/copy-segment/due-index.ts';
import { type IdMapping, packMappings } from '../../functions/copy-segment/mappings.ts';

/** Milvus' ids have 18 digits, and DynamoDB charges for digits: small ones would make every item too cheap. */
const FIRST_JOB_ID = 449_271_430_000_000_001n;
const FIRST_TASK_ID = 449_271_430_100_000_001n;
const FIRST_TARGET_ID = 449_271_440_000_000_001n;
const FIRST_SOURCE_ID = 446_118_520_000_000_001n;
export const COLLECTION_ID = 446_118_520_000_000_000n;
const PARTITION_ID = 446_118_519_000_000_000n;

export const SHARDS = 4;

/** The moment at which the data is as it is, epoch milliseconds: every run counts the same. */
export const NOW = 1_795_349_750_245;

/** How a task holds its mappings: `list` is Milvus' form, `compact` is what a submit writes. */
export type Form = 'list' | 'compact';

export const jobIdOf = (index: number): bigint => FIRST_JOB_ID + BigInt(index);

export const jobRow = (index: number, attributes: Readonly<Record<string, unknown>>): Row => ({
  table: 'jobs',
  item: {
    jobId: jobIdOf(index),
    collectionId: COLLECTION_ID,
    createdAt: NOW,
    dueShard: dueShardOf(jobIdOf(index), SHARDS),
    ...attributes,
  },
});

export interface TaskShape {
  readonly mappings: number;
  readonly form: Form;
}

/**
 * @param index of the task in its dataset
 * @param firstTarget index of its first target; unless given, all tasks have as many as this one
 */
export function taskRow(
  job: number,
  index: number,
  shape: TaskShape,
  attributes: Readonly<Record<string, unknown>>,
  firstTarget = index * shape.mappings,
): Row {
  const taskId = FIRST_TASK_ID + BigInt(index);
  return {
    table: 'tasks',
    item: {
      jobId: jobIdOf(job),
      taskId,
      collectionId: COLLECTION_ID,
      taskVersion: 0,
      enqueueCount: 0,
      createdAt: NOW,
      dueShard: dueShardOf(taskId, SHARDS),
      ...mappingsOf(firstTarget, shape),
      ...attributes,
    },
  };
}

export const segmentRow = (
  index: number,
  job: number,
  state: 'Importing' | 'Dropped' = 'Importing',
): Row => ({
  table: 'segments',
  item: {
    segmentId: FIRST_TARGET_ID + BigInt(index),
    collectionId: COLLECTION_ID,
    partitionId: PARTITION_ID,
    state,
    isImporting: state === 'Importing',
    numOfRows: 100_000,
    jobId: jobIdOf(job),
  },
});

function mappingsOf(firstTarget: number, { mappings, form }: TaskShape) {
  const list = Array.from({ length: mappings }, (_, n) => mappingAt(firstTarget + n));
  return form === 'list' ? { idMappings: list } : { mappings: packMappings(list) };
}

/** Milvus takes ids from its clock: milliseconds, shifted left by 18 bits. */
const IDS_PER_SECOND = 1_000 * 2 ** 18;

/** Targets are allocated in one go; sources were one per second, and no gzip foresees the gaps between them. */
export const mappingAt = (index: number): IdMapping => ({
  sourceSegmentId: FIRST_SOURCE_ID + BigInt(index * IDS_PER_SECOND + scattered(index)),
  targetSegmentId: FIRST_TARGET_ID + BigInt(index),
  partitionId: PARTITION_ID,
});

/** A number of ids within a second that looks random, and is the same in every run. */
const scattered = (index: number): number => (Math.imul(index + 1, 2_654_435_761) >>> 0) % IDS_PER_SECOND;
