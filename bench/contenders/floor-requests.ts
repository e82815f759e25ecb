import type {
  AttributeValue,
  BatchExecuteStatementCommandInput,
  TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { Mapping } from '../../functions/submit/mapping-source.ts';
import { NOW } from '../data/rows.ts';
import { TABLES } from '../data/tables.ts';
import { unpack } from './unpack.ts';

export type Item = Record<string, AttributeValue>;
export type Statement = NonNullable<BatchExecuteStatementCommandInput['Statements']>[number];

const BACKOFF_MS = 15 * 60_000;

export const messageFor = ({ jobId, taskId, collectionId, taskVersion, enqueueCount }: Item): string =>
  JSON.stringify({
    schema: 1,
    jobId: jobId?.N,
    taskId: taskId?.N,
    collectionId: collectionId?.N,
    taskVersion: Number(taskVersion?.N),
    attempt: Number(enqueueCount?.N) + 1,
    reason: 'pending',
    enqueuedAt: NOW,
  });

const now: AttributeValue = { N: String(NOW) };

export const mark = ({ jobId, taskId, taskVersion, enqueueCount }: Item): Statement => ({
  Statement: `UPDATE "${TABLES.tasks}" SET "enqueueCount" = ?, "enqueuedAt" = ?, "dueAt" = ? WHERE "jobId" = ? AND "taskId" = ? AND "state" = 'Pending' AND "taskVersion" = ?`,
  Parameters: [
    { N: String(Number(enqueueCount?.N) + 1) },
    now,
    { N: String(NOW + BACKOFF_MS) },
    jobId,
    taskId,
    taskVersion,
  ] as AttributeValue[],
});

export const dropped = (target: string, { jobId, reason }: Item): Statement => ({
  Statement: `UPDATE "${TABLES.segments}" SET "state" = 'Dropped', "droppedAt" = ?, "isImporting" = false, "dropReason" = ? WHERE "segmentId" = ? AND "state" = 'Importing' AND "jobId" = ?`,
  Parameters: [now, reason, { N: target }, jobId] as AttributeValue[],
});

export const settled = ({ jobId, taskId }: Item): Statement => ({
  Statement: `UPDATE "${TABLES.tasks}" SET "segmentsDroppedAt" = ? REMOVE "dueAt" WHERE "jobId" = ? AND "taskId" = ? AND "state" = 'Failed'`,
  Parameters: [now, jobId, taskId] as AttributeValue[],
});

export const settledJob = ({ jobId }: Item): Statement => ({
  Statement: `UPDATE "${TABLES.jobs}" SET "segmentsDroppedAt" = ? REMOVE "dueAt" WHERE "jobId" = ? AND "state" = 'Failed'`,
  Parameters: [now, jobId] as AttributeValue[],
});

export const stateOf = (jobId: AttributeValue, from: string, to: string): Statement => ({
  Statement: `UPDATE "${TABLES.jobs}" SET "state" = ?${to === 'Completed' ? ' REMOVE "dueAt"' : ''} WHERE "jobId" = ? AND "state" = ?`,
  Parameters: [{ S: to }, jobId, { S: from }],
});

export const fence = (jobId: AttributeValue, state: string): TransactWriteItem => ({
  ConditionCheck: {
    TableName: TABLES.jobs,
    Key: { jobId },
    ConditionExpression: '#state = :state',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':state': { S: state } },
  },
});

export const flushed = (target: string, jobId: AttributeValue): TransactWriteItem => ({
  Update: {
    TableName: TABLES.segments,
    Key: { segmentId: { N: target } },
    UpdateExpression: 'SET #state = :flushed, isImporting = :no, publishedAt = :now',
    ConditionExpression: '#state = :importing AND jobId = :jobId',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':flushed': { S: 'Flushed' },
      ':no': { BOOL: false },
      ':now': now,
      ':importing': { S: 'Importing' },
      ':jobId': jobId,
    },
  },
});

export const segmentOf = (mapping: Mapping, { jobId, taskId, collectionId }: Item): Item =>
  ({
    segmentId: { N: String(mapping.targetSegmentId) },
    sourceSegmentId: { N: String(mapping.sourceSegmentId) },
    partitionId: { N: String(mapping.partitionId) },
    numOfRows: { N: String(mapping.numOfRows) },
    state: { S: 'Importing' },
    isImporting: { BOOL: true },
    jobId,
    taskId,
    collectionId,
  }) as Item;

/** In either form. */
export const targetsOf = ({ idMappings, mappings: compact }: Item): string[] =>
  compact?.B
    ? unpack(compact.B).map(([, target]) => String(target))
    : (idMappings?.L ?? []).map(({ M }) => String(M?.targetSegmentId?.N));
