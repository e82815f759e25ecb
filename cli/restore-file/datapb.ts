import * as v from 'valibot';
import { isId } from '../../functions/copy-segment/ids.ts';
import { JOB_STATES, type JobState } from '../../functions/copy-segment/job.ts';
import { isPartitionId } from '../../functions/copy-segment/mappings.ts';
import { SEGMENT_STATES, type SegmentState } from '../../functions/copy-segment/segment.ts';
import { TASK_STATES, type TaskState } from '../../functions/copy-segment/task.ts';
import { int64 } from './int64.ts';
import { message } from './proto-json.ts';
import { timeIn } from './times.ts';

const id = v.pipe(
  int64,
  v.check((value: bigint): boolean => isId(value), 'must be between 1 and 2^63-1'),
);
const partitionId = v.pipe(
  int64,
  v.check((value: bigint): boolean => isPartitionId(value), 'must be between 1 and 2^63-1, or -1'),
);
const number = v.optional(int64, 0n);
const count = v.pipe(
  number,
  v.check((n) => n >= 0n, 'must not be negative'),
);
const string = v.optional(v.string('must be a string'), '');

/** An enum by its full name, by its short name, or by its number. */
const enumOf = <S extends string>(
  prefixes: readonly string[],
  states: readonly S[],
  numbers: Record<number, S>,
) =>
  v.pipe(
    v.union([v.string(), v.bigint()], 'is missing'),
    v.transform((value): S | null => {
      if (typeof value === 'bigint') return numbers[Number(value)] ?? null;
      const isNamed = (state: S): boolean =>
        value === state || prefixes.some((prefix) => value === `${prefix}${state}`);
      return states.find(isNamed) ?? null;
    }),
    v.check(
      (state) => state !== null,
      `must be one of ${states.join(', ')}, or a number of ${Object.keys(numbers).join(', ')}`,
    ),
    v.transform((state) => state as S),
  );

const jobState = enumOf<JobState>(['CopySegmentJob'], JOB_STATES, {
  1: 'Pending',
  2: 'Executing',
  3: 'Completed',
  4: 'Failed',
});
const taskState = enumOf<TaskState>(['CopySegmentTask'], TASK_STATES, {
  1: 'Pending',
  2: 'InProgress',
  3: 'Completed',
  4: 'Failed',
});
const segmentState = enumOf<SegmentState>(['SegmentState'], SEGMENT_STATES, {
  2: 'Growing',
  3: 'Sealed',
  4: 'Flushed',
  5: 'Flushing',
  6: 'Dropped',
  7: 'Importing',
});

const idMapping = message({ sourceSegmentId: id, targetSegmentId: id, partitionId });

// Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentJob`, `CopySegmentTask` and `SegmentInfo`. Times in
// milliseconds are this project's own, as are enqueueCount, lostLeases, and the jobId and dropReason of a segment.

/** A restore job. */
export const jobMessage = message(
  {
    jobId: id,
    collectionId: id,
    state: jobState,
    reason: string,
    startTs: timeIn('nanoseconds'),
    completeTs: timeIn('nanoseconds'),
    timeoutTs: timeIn('a TSO'),
    cleanupTs: timeIn('a TSO'),
    segmentsDroppedAt: timeIn('milliseconds'),
  },
  'dbId collectionName idMappings options totalSegments copiedSegments totalRows snapshotName sourceCollectionId pinId ' +
    'external snapshotS3Location externalSpec snapshotFingerprint',
);

/** A copy task. */
export const taskMessage = message(
  {
    jobId: id,
    taskId: id,
    collectionId: id,
    state: taskState,
    reason: string,
    nodeId: number,
    taskVersion: count,
    createdTs: timeIn('nanoseconds'),
    completeTs: timeIn('nanoseconds'),
    idMappings: v.optional(v.array(idMapping, 'must be a list'), []),
    enqueueCount: count,
    lostLeases: count,
    leaseExpiresAt: timeIn('milliseconds'),
    segmentsDroppedAt: timeIn('milliseconds'),
  },
  'taskSlot',
);

/** A segment. */
export const segmentMessage = message(
  {
    id,
    collectionId: id,
    partitionId,
    state: segmentState,
    isImporting: v.optional(v.boolean('must be true or false'), false),
    numOfRows: count,
    droppedAt: timeIn('nanoseconds'),
    publishedAt: timeIn('milliseconds'),
    jobId: v.exactOptional(id),
    dropReason: string,
  },
  'segmentId insertChannel maxRowNum lastExpireTime startPosition dmlPosition binlogs statslogs deltalogs ' +
    'createdByCompaction compactionFrom isFake compacted level storageVersion partitionStatsVersion lastLevel ' +
    'lastPartitionStatsVersion isSorted textStatsLogs bm25statslogs isInvisible jsonKeyStats isCreatedByStreaming ' +
    'isSortedByNamespace manifestPath expirQuantiles schemaVersion dataVersion commitTimestamp childManifestPaths stats ' +
    'createTs',
);
