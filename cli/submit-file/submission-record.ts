import * as v from 'valibot';
import { isId } from '../../functions/copy-segment/ids.ts';
import { isPartitionId } from '../../functions/copy-segment/mappings.ts';
import type { Issue } from '../../functions/submit/issues.ts';
import { int64 } from '../restore-file/int64.ts';
import { message } from '../restore-file/proto-json.ts';
import { timeIn } from '../restore-file/times.ts';

const id = v.pipe(
  int64,
  v.check((value: bigint): boolean => isId(value), 'must be between 1 and 2^63-1'),
);
const partitionId = v.pipe(
  int64,
  v.check((value: bigint): boolean => isPartitionId(value), 'must be between 1 and 2^63-1, or -1'),
);
const count = v.pipe(
  int64,
  v.check((n) => n >= 0n && n <= Number.MAX_SAFE_INTEGER, 'must be between 0 and 2^53-1'),
  v.transform(Number),
);
const text = v.string('must be a string');
const location = message({ bucket: text, rootPath: v.optional(text, '') });

/** A source segment and its target. */
export const mappingMessage = message({
  sourceSegmentId: id,
  targetSegmentId: id,
  partitionId,
  numOfRows: v.exactOptional(count),
});

export type MappingRecord = v.InferOutput<typeof mappingMessage>;

/**
 * A restore to submit. Source: milvus-io/milvus pkg/proto/data_coord.proto, `CopySegmentJob`; `source`, `target` and
 * `timeoutAt` are this project's own, as is the `numOfRows` of a mapping.
 */
export const submissionMessage = message(
  {
    jobId: id,
    collectionId: id,
    timeoutAt: timeIn('milliseconds'),
    timeoutTs: timeIn('a TSO'),
    source: v.exactOptional(location),
    target: v.exactOptional(location),
    sourceCollectionId: v.exactOptional(int64),
    snapshotName: v.exactOptional(text),
    totalSegments: v.exactOptional(count),
    idMappings: v.exactOptional(v.array(mappingMessage, 'must be a list')),
  },
  'dbId collectionName state reason startTs completeTs cleanupTs options copiedSegments totalRows pinId external ' +
    'snapshotS3Location externalSpec snapshotFingerprint',
);

export type SubmissionRecord = v.InferOutput<typeof submissionMessage>;

/** What a message says, or what is wrong with it, field by field. */
export function readMessage<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  line: number,
): { readonly value: v.InferOutput<S> } | { readonly issues: readonly Issue[] } {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return { value: parsed.output };
  return {
    issues: parsed.issues.map((issue) => ({
      line,
      field: v.getDotPath(issue) ?? undefined,
      reason: issue.received === 'undefined' ? 'is missing' : issue.message,
    })),
  };
}
