import type { Row } from '../engines/load.ts';
import { dueShardOf } from '../functions/copy-segment/due-index.ts';
import { type IdMapping, packMappings } from '../functions/copy-segment/mappings.ts';
import type { TaskState } from '../functions/copy-segment/task.ts';

/** What is due, by how much of it there is. */
export interface Workload {
  readonly name: string;
  readonly sizes: readonly number[];
  rows(size: number, now: number): Iterable<Row>;
}

export const SHARDS = 4;

/** Milvus' ids have 18 digits, and DynamoDB charges for digits: small ones would make every item too cheap. */
const JOB_ID = 449_271_430_000_000_001n;
const FIRST_TASK_ID = 449_271_430_000_000_101n;
const FIRST_TARGET_ID = 449_271_440_000_000_001n;
const FIRST_SOURCE_ID = 446_118_520_000_000_001n;
const COLLECTION_ID = 446_118_520_000_000_000n;
const PARTITION_ID = 446_118_519_000_000_000n;

type Form = 'list' | 'compact';

const pending = (mappingsPerTask: number, form: Form, sizes: readonly number[]): Workload => ({
  name: `Pending tasks of ${mappingsPerTask} mappings, ${form}`,
  sizes,
  *rows(size, now) {
    yield job(now);
    for (let index = 0; index < size; index++) yield task(index, 'Pending', mappingsPerTask, form, now);
  },
});

const failed = (mappingsPerTask: number, form: Form, sizes: readonly number[]): Workload => ({
  name: `targets of Failed tasks of ${mappingsPerTask} mappings, ${form}`,
  sizes,
  *rows(size, now) {
    yield job(now);
    for (let index = 0; index < size / mappingsPerTask; index++)
      yield task(index, 'Failed', mappingsPerTask, form, now);
    for (let index = 0; index < size; index++) yield segment(index);
  },
});

export const WORKLOADS: readonly Workload[] = [
  pending(10, 'list', [0, 1_000, 3_000, 10_000, 30_000]),
  pending(100, 'list', [1_000, 10_000]),
  pending(100, 'compact', [1_000, 10_000]),
  failed(10, 'list', [1_000, 10_000, 30_000]),
  failed(100, 'list', [1_000, 10_000, 30_000]),
  failed(100, 'compact', [1_000, 10_000, 30_000]),
];

const job = (now: number): Row => ({
  table: 'jobs',
  item: {
    jobId: JOB_ID,
    state: 'Executing',
    collectionId: COLLECTION_ID,
    createdAt: now,
    dueShard: dueShardOf(JOB_ID, SHARDS),
  },
});

function task(index: number, state: TaskState, mappingsPerTask: number, form: Form, now: number): Row {
  const taskId = FIRST_TASK_ID + BigInt(index);
  const mappings = Array.from({ length: mappingsPerTask }, (_, n) => mapping(index * mappingsPerTask + n));
  return {
    table: 'tasks',
    item: {
      jobId: JOB_ID,
      taskId,
      state,
      collectionId: COLLECTION_ID,
      taskVersion: 0,
      enqueueCount: 0,
      createdAt: now,
      dueShard: dueShardOf(taskId, SHARDS),
      dueAt: now,
      ...(form === 'list' ? { idMappings: mappings } : { mappings: packMappings(mappings) }),
    },
  };
}

/** Milvus takes ids from its clock: milliseconds, shifted left by 18 bits. */
const IDS_PER_SECOND = 1_000 * 2 ** 18;

/** Targets are allocated in one go; sources were one per second, and no gzip foresees the gaps between them. */
const mapping = (index: number): IdMapping => ({
  sourceSegmentId: FIRST_SOURCE_ID + BigInt(index * IDS_PER_SECOND + scattered(index)),
  targetSegmentId: FIRST_TARGET_ID + BigInt(index),
  partitionId: PARTITION_ID,
});

/** A number of ids within a second that looks random, and is the same in every run. */
const scattered = (index: number): number => (Math.imul(index + 1, 2_654_435_761) >>> 0) % IDS_PER_SECOND;

const segment = (index: number): Row => ({
  table: 'segments',
  item: {
    segmentId: FIRST_TARGET_ID + BigInt(index),
    collectionId: COLLECTION_ID,
    partitionId: PARTITION_ID,
    state: 'Importing',
    isImporting: true,
    numOfRows: 100_000,
    jobId: JOB_ID,
  },
});
