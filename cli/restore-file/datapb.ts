import * as v from 'valibot';
import { isId } from '../../functions/copy-segment/ids.ts';
import { JOB_STATES, type JobState } from '../../functions/copy-segment/job.ts';
import { SEGMENT_STATES, type SegmentState } from '../../functions/copy-segment/segment.ts';
import { TASK_STATES, type TaskState } from '../../functions/copy-segment/task.ts';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// Proto3 JSON: an int64 is a string or a number; a field that has its default value is left out.
const int64 = v.union(
  [
    v.bigint(),
    v.pipe(
      v.string(),
      v.regex(/^-?\d+$/),
      v.transform((text) => BigInt(text)),
    ),
  ],
  'must be a whole number, or a string of one',
);
const id = v.pipe(
  int64,
  v.check((value: bigint): boolean => isId(value), 'must be between 1 and 2^63-1'),
);
const number = v.optional(int64, 0n);
const count = v.pipe(
  number,
  v.check((n) => n >= 0n, 'must not be negative'),
);
const string = v.optional(v.string('must be a string'), '');
/** This project's own times, epoch milliseconds; Milvus has no such field. */
const milliseconds = v.exactOptional(v.pipe(int64, v.transform(Number)));

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

// Fields of the messages that the inspector has no use for are left out: options, slots, binlogs, ….
const message = <E extends v.ObjectEntries>(entries: E) =>
  v.pipe(v.unknown(), v.check(isObject, 'must be a JSON object'), v.rawTransform(named), v.object(entries));

/** A restore job. */
export const jobMessage = message({
  jobId: id,
  collectionId: id,
  state: jobState,
  reason: string,
  startTs: number,
  completeTs: number,
  timeoutTs: number,
  cleanupTs: number,
  segmentsDroppedAt: milliseconds,
});

/** A copy task. */
export const taskMessage = message({
  jobId: id,
  taskId: id,
  collectionId: id,
  state: taskState,
  reason: string,
  nodeId: number,
  taskVersion: count,
  createdTs: number,
  completeTs: number,
  idMappings: v.optional(
    v.array(message({ sourceSegmentId: id, targetSegmentId: id, partitionId: id }), 'must be a list'),
    [],
  ),
  enqueueCount: count,
  lostLeases: v.exactOptional(count),
  leaseExpiresAt: milliseconds,
  segmentsDroppedAt: milliseconds,
});

/** A segment. */
export const segmentMessage = message({
  id,
  collectionId: id,
  partitionId: id,
  state: segmentState,
  isImporting: v.optional(v.boolean('must be true or false'), false),
  numOfRows: number,
  droppedAt: number,
  jobId: v.exactOptional(id),
  dropReason: string,
});

/** @throws Error that names each field that cannot be read, and why */
export function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const reasons = parsed.issues.map((issue) => {
    const path = v.getDotPath(issue);
    const reason = issue.received === 'undefined' ? 'is missing' : issue.message;
    return path ? `${path} ${reason}` : reason;
  });
  throw new Error([...new Set(reasons)].join('; '));
}

/** The fields by one name each: proto3 JSON takes `job_id` and `jobId`, and `SegmentInfo` writes `collectionID`. */
function named({ dataset, addIssue, NEVER }: v.RawTransformContext<unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(dataset.value as object)) {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const field = camel === 'ID' ? 'id' : camel.replace(/ID$/, 'Id');
    if (Object.hasOwn(fields, field)) {
      addIssue({ message: `${name} is there under two names` });
      return NEVER;
    }
    // Proto3 JSON: null is a field's default value.
    if (value !== null) fields[field] = value;
  }
  // `SegmentInfo` calls its own id ID; the table calls it segmentId.
  if (fields.id === undefined && fields.segmentId !== undefined) fields.id = fields.segmentId;
  return fields;
}

/** Milvus' Unix nanoseconds as epoch milliseconds; 0 is no time. */
export const fromNanoseconds = (nanoseconds: bigint): number | undefined =>
  nanoseconds > 0n ? Number(nanoseconds / 1_000_000n) : undefined;

/** A TSO is milliseconds shifted left by 18 bits. Source: milvus-io/milvus pkg/util/tsoutil. */
export const fromTso = (tso: bigint): number | undefined => (tso > 0n ? Number(tso >> 18n) : undefined);
