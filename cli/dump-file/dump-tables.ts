import {
  type AttributeValue,
  BatchGetItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { wrapNumbers } from '../../functions/aws/clients.ts';
import { retryLeftovers } from '../../functions/aws/retry-leftovers.ts';
import { readMappings } from '../../functions/copy-segment/mappings.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import { slices } from '../../functions/streams/slices.ts';
import type { Connection } from '../connection/connection.ts';
import type { DumpRecord, StoredItem } from './record.ts';

type Source = Pick<Connection, 'dynamo' | 'tables'>;

const TABLES: readonly TableKind[] = ['jobs', 'tasks', 'segments'];

/** DynamoDB's limit on the keys of one `BatchGetItem`. */
const KEYS_PER_BATCH = 100;

/** Every item of every table, page by page, each as it is stored; strongly consistent. */
export async function* dumpTables(
  { dynamo, tables }: Source,
  signal: AbortSignal,
): AsyncGenerator<DumpRecord> {
  for (const table of TABLES) {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(
        new ScanCommand({ TableName: tables[table], ConsistentRead: true, ExclusiveStartKey }),
        { abortSignal: signal },
      );
      for (const item of Items) yield { table, item };
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
}

/** One restore: the job, its tasks, and the target segments of these; whatever else is in the tables is left out. */
export async function* dumpJob(
  source: Source,
  jobId: bigint,
  signal: AbortSignal,
): AsyncGenerator<DumpRecord> {
  const { dynamo, tables } = source;
  for (const table of ['jobs', 'tasks'] as const) {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(
        new QueryCommand({
          TableName: tables[table],
          KeyConditionExpression: 'jobId = :jobId',
          ExpressionAttributeValues: { ':jobId': { N: String(jobId) } },
          ConsistentRead: true,
          ExclusiveStartKey,
        }),
        { abortSignal: signal },
      );
      for (const item of Items) {
        yield { table, item };
        if (table === 'tasks') yield* segmentsOf(source, item, signal);
      }
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
}

async function* segmentsOf(
  { dynamo, tables }: Source,
  task: StoredItem,
  signal: AbortSignal,
): AsyncGenerator<DumpRecord> {
  const { targetSegmentIds } = readMappings(unmarshall({ ...task }, { wrapNumbers }));
  for (const ids of slices(targetSegmentIds, KEYS_PER_BATCH)) {
    const found: StoredItem[] = [];
    const left = await retryLeftovers(
      ids.map((id): Record<string, AttributeValue> => ({ segmentId: { N: String(id) } })),
      async (Keys) => {
        const { Responses = {}, UnprocessedKeys = {} } = await dynamo.send(
          new BatchGetItemCommand({
            RequestItems: { [tables.segments]: { Keys: [...Keys], ConsistentRead: true } },
          }),
          { abortSignal: signal },
        );
        found.push(...(Responses[tables.segments] ?? []));
        return UnprocessedKeys[tables.segments]?.Keys ?? [];
      },
      signal,
    );
    if (left.length > 0) throw new TemporaryError('DynamoDB left segments unread several times');
    for (const item of found) yield { table: 'segments', item };
  }
}
