import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pMap, { pMapSkip } from 'p-map';
import { retryLeftovers } from '../functions/aws/retry-leftovers.ts';
import type { TableKind, TableNames } from '../functions/copy-segment/tables.ts';

/** An item, and the table that it goes to. */
export interface Row {
  readonly table: TableKind;
  readonly item: Readonly<Record<string, unknown>>;
}

/** DynamoDB's limit on the items of one `BatchWriteItem`. */
const ROWS_PER_BATCH = 25;

const BATCHES_IN_FLIGHT = 8;

const neverAborted = new AbortController().signal;

/**
 * Writes rows as they come: no more of them are held than are in flight.
 *
 * @throws Error when DynamoDB still leaves rows unwritten after several attempts
 */
export async function writeRows(
  dynamo: DynamoDBDocumentClient,
  tables: TableNames,
  rows: Iterable<Row> | AsyncIterable<Row>,
): Promise<void> {
  const put = async (batch: readonly Row[]): Promise<readonly Row[]> => {
    const { UnprocessedItems = {} } = await dynamo.send(
      new BatchWriteCommand({ RequestItems: requestsOf(batch, tables) }),
    );
    const kinds = Object.entries(tables) as [TableKind, string][];
    return kinds.flatMap(([table, name]) =>
      (UnprocessedItems[name] ?? []).map(({ PutRequest }) => ({ table, item: PutRequest?.Item ?? {} })),
    );
  };
  await pMap(
    batchesOf(rows, ROWS_PER_BATCH),
    async (batch) => {
      const unwritten = await retryLeftovers(batch, put, neverAborted);
      if (unwritten.length > 0)
        throw new Error(`DynamoDB did not take ${unwritten.length} items; the load is not complete`);
      return pMapSkip;
    },
    { concurrency: BATCHES_IN_FLIGHT },
  );
}

function requestsOf(batch: readonly Row[], tables: TableNames) {
  const requests: Record<string, { PutRequest: { Item: Row['item'] } }[]> = {};
  for (const { table, item } of batch) {
    const puts = requests[tables[table]] ?? [];
    puts.push({ PutRequest: { Item: item } });
    requests[tables[table]] = puts;
  }
  return requests;
}

async function* batchesOf<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
