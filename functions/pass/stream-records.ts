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

/** Anything, as deep as it is asked for: what is not there is undefined. */
type Unknown = { readonly [name: string]: Unknown } | undefined | null;

const NUMBER = /^-?\d+(\.\d+)?(E[+-]?\d+)?$/i;

/** A key attribute, which may be an invalid id; undefined for what is no number. */
function keyOf(attribute: Unknown): RawId | undefined {
  const text: unknown = attribute?.N;
  if (typeof text !== 'string' || !NUMBER.test(text)) return undefined;
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text);
}

/** Reads the keys of a batch's records. What else a record says may be over by now, and is left unread. */
export function readStreamRecords({ Records }: StreamEvent): StreamRecords {
  const records: StreamRecord[] = [];
  const unreadable: string[] = [];
  for (const record of Records as readonly Unknown[]) {
    const { Keys, NewImage, SequenceNumber = '' } = record?.dynamodb ?? {};
    const sequenceNumber = String(SequenceNumber ?? '');
    const jobId = keyOf(Keys?.jobId);
    const taskId = keyOf(Keys?.taskId);
    const state: unknown = NewImage?.state?.S;
    if (sequenceNumber === '' || jobId === undefined || (Keys?.taskId !== undefined && taskId === undefined))
      unreadable.push(sequenceNumber);
    else
      records.push({
        sequenceNumber,
        jobId,
        ...(taskId !== undefined && { taskId }),
        ...(typeof state === 'string' && { state }),
      });
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
