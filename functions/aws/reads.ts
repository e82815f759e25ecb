import {
  BatchGetCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { DUE_INDEX } from '../copy-segment/due-index.ts';
import type { Item } from '../copy-segment/item.ts';
import { slices } from '../streams/slices.ts';
import { type AwsClients, CONCURRENCY } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/** DynamoDB's limit on the keys of one `BatchGetItem`. */
const KEYS_PER_BATCH = 100;

/**
 * The items that exist among the keys, strongly consistent, in any order. Keys must differ from each other.
 *
 * @param attributes the attributes to return, if not all of them: what is not needed need not be held
 * @throws Error when DynamoDB still leaves keys unprocessed after several attempts
 */
export async function readItems(
  clients: AwsClients,
  table: string,
  keys: readonly Item[],
  attributes: readonly string[] = [],
): Promise<Item[]> {
  const projection = attributes.length > 0 && {
    ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
  };
  const batches = await pMap(
    slices(keys, KEYS_PER_BATCH),
    async (batch) => {
      const items: Item[] = [];
      const unread = await retryLeftovers(
        batch,
        async (remaining) => {
          const output = await clients.dynamo.send(
            new BatchGetCommand({
              RequestItems: { [table]: { Keys: [...remaining], ConsistentRead: true, ...projection } },
              ReturnConsumedCapacity: 'TOTAL',
            }),
          );
          items.push(...(output.Responses?.[table] ?? []));
          return output.UnprocessedKeys?.[table]?.Keys ?? [];
        },
        clients.signal,
      );
      if (unread.length > 0) throw new Error(`DynamoDB left ${unread.length} keys of ${table} unread`);
      return items;
    },
    { concurrency: CONCURRENCY },
  );
  return batches.flat();
}

/** What is due in one shard of a table's index, the longest due first. */
export const dueItems = (
  clients: AwsClients,
  table: string,
  shard: number,
  now: number,
): AsyncGenerator<readonly Item[]> =>
  queryPages(clients, {
    TableName: table,
    IndexName: DUE_INDEX,
    KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
    ExpressionAttributeValues: { ':shard': shard, ':now': now },
  });

/** The pages of a query, one request each. */
export const queryPages = (clients: AwsClients, query: QueryCommandInput): AsyncGenerator<readonly Item[]> =>
  pagesOf((start) =>
    clients.dynamo.send(new QueryCommand({ ...query, ...start, ReturnConsumedCapacity: 'TOTAL' })),
  );

/** The pages of a scan, one request each. */
export const scanPages = (clients: AwsClients, scan: ScanCommandInput): AsyncGenerator<readonly Item[]> =>
  pagesOf((start) =>
    clients.dynamo.send(new ScanCommand({ ...scan, ...start, ReturnConsumedCapacity: 'TOTAL' })),
  );

type Start = Pick<QueryCommandInput, 'ExclusiveStartKey'>;
type Page = Pick<QueryCommandOutput, 'Items' | 'LastEvaluatedKey'>;

// The SDK's own paginators take nothing but a client, and a pass has a metered one.
async function* pagesOf(read: (start: Start) => Promise<Page>): AsyncGenerator<readonly Item[]> {
  let start: Start = {};
  for (;;) {
    const { Items: items = [], LastEvaluatedKey: last } = await read(start);
    yield items;
    if (last === undefined) return;
    start = { ExclusiveStartKey: last };
  }
}
