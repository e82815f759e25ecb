import * as v from 'valibot';
import type { RawId } from '../copy-segment/ids.ts';
import type { ProblemKey } from './problems.ts';

/** What Lambda invokes a function with that reads a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly unknown[];
}

/** The records of a batch that are to be delivered again: Lambda resumes at the first of them. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Where a record of Jobs or Tasks says to look. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly jobId: RawId;
  /** Absent: the record is of Jobs. */
  readonly taskId?: RawId;
  /** As the record shows it, which may be over by now: a hint. */
  readonly state?: string;
}

export interface StreamRecords {
  readonly records: readonly StreamRecord[];
  /** Sequence numbers of the records that name no item; empty, which to Lambda is the whole batch, if there is none. */
  readonly unreadable: readonly string[];
}

export const isStreamEvent = (event: unknown): event is StreamEvent =>
  typeof event === 'object' && event !== null && 'Records' in event && Array.isArray(event.Records);

const key = v.pipe(
  v.object({ N: v.pipe(v.string(), v.decimal()) }),
  v.transform(({ N }): RawId => (/^-?\d+$/.test(N) ? BigInt(N) : Number(N))),
);

const streamRecord = v.object({
  dynamodb: v.object({
    SequenceNumber: v.string(),
    Keys: v.object({ jobId: key, taskId: v.exactOptional(key) }),
    NewImage: v.fallback(v.optional(v.object({ state: v.object({ S: v.string() }) })), undefined),
  }),
});

const sequenceNumberOf = (record: unknown): string => {
  const read = v.safeParse(v.object({ dynamodb: v.object({ SequenceNumber: v.string() }) }), record);
  return read.success ? read.output.dynamodb.SequenceNumber : '';
};

/** Reads the keys of a batch's records. What else a record says may be over by now, and is left unread. */
export function readStreamRecords({ Records }: StreamEvent): StreamRecords {
  const records: StreamRecord[] = [];
  const unreadable: string[] = [];
  for (const record of Records) {
    const read = v.safeParse(streamRecord, record);
    if (!read.success) {
      unreadable.push(sequenceNumberOf(record));
      continue;
    }
    const { SequenceNumber: sequenceNumber, Keys, NewImage } = read.output.dynamodb;
    records.push({ sequenceNumber, ...Keys, ...(NewImage && { state: NewImage.state.S }) });
  }
  return { records, unreadable };
}

/**
 * What Lambda is told of a batch: the records that name no item, and those about what could not be read, sent or written.
 *
 * @param failures the keys of what failed; one without a task is about every task of its job
 */
export const responseTo = (
  { records, unreadable }: StreamRecords,
  failures: readonly ProblemKey[],
): BatchResponse => {
  const isAbout = ({ jobId, taskId }: ProblemKey, record: StreamRecord): boolean =>
    jobId === String(record.jobId) &&
    (taskId === undefined || record.taskId === undefined || taskId === String(record.taskId));
  const failed = records.filter((record) => failures.some((failure) => isAbout(failure, record)));
  return {
    batchItemFailures: [...unreadable, ...failed.map(({ sequenceNumber }) => sequenceNumber)].map(
      (itemIdentifier) => ({ itemIdentifier }),
    ),
  };
};
