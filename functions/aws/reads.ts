import {
  BatchGetCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { describeError } from '../copy-segment/describe-error.ts';
import { DUE_INDEX } from '../copy-segment/due-index.ts';
import type { Item } from '../copy-segment/item.ts';
import type { Unread } from '../copy-segment/stores.ts';
import { slices } from '../streams/slices.ts';
import { CONCURRENCY, type DynamoAccess } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/** DynamoDB's limit on the keys of one `BatchGetItem`. */
const KEYS_PER_BATCH = 100;

export interface ItemsRead<K extends Item> {
  readonly found: readonly Item[];
  readonly unread: readonly Unread<K>[];
}

/** `error`: the request failed whole. */
type BatchRead<K extends Item> = ItemsRead<K> & { readonly error?: unknown };

/**
 * The items that exist among the keys, strongly consistent, in any order. Keys must differ from each other. A key
 * whose partition stays throttled is `unread`, and takes none of the others with it.
 *
 * @param attributes the attributes to return, if not all of them: what is not needed need not be held
 */
export async function readItems<K extends Item>(
  clients: DynamoAccess,
  table: string,
  keys: readonly K[],
  attributes: readonly string[] = [],
): Promise<ItemsRead<K>> {
  const projection = attributes.length > 0 && {
    ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name) => [`#${name}`, name])),
  };

  const readBatch = async (batch: readonly K[]): Promise<BatchRead<K>> => {
    const found: Item[] = [];
    try {
      const leftovers = await retryLeftovers(
        batch,
        async (remaining) => {
          const output = await clients.dynamo.send(
            new BatchGetCommand({
              RequestItems: { [table]: { Keys: [...remaining], ConsistentRead: true, ...projection } },
              ReturnConsumedCapacity: 'TOTAL',
            }),
          );
          found.push(...(output.Responses?.[table] ?? []));
          return (output.UnprocessedKeys?.[table]?.Keys ?? []) as K[];
        },
        clients.signal,
      );
      const reason = 'DynamoDB left the key unprocessed several times';
      return { found, unread: leftovers.map((key) => ({ key, reason })) };
    } catch (error) {
      const reason = describeError(error);
      const isFound = (key: K): boolean =>
        found.some((item) => Object.entries(key).every(([name, value]) => item[name] === value));
      return {
        found,
        unread: batch.filter((key) => !isFound(key)).map((key) => ({ key, reason })),
        error,
      };
    }
  };

  /**
   * A request that failed whole is halved, to find the one partition to blame; if both halves fail as well, it is
   * not one partition, and asking again would only add to the load.
   */
  const split = async (whole: BatchRead<K>): Promise<ItemsRead<K>> => {
    const { found, unread, error } = whole;
    if (error === undefined || unread.length < 2 || clients.signal.aborted) return whole;
    const keysLeft = unread.map(({ key }) => key);
    const halves = await Promise.all(slices(keysLeft, Math.ceil(keysLeft.length / 2)).map(readBatch));
    const isEverywhere = halves.every((half) => half.error !== undefined);
    const ends: readonly ItemsRead<K>[] = isEverywhere ? halves : await Promise.all(halves.map(split));
    return {
      found: [...found, ...ends.flatMap((end) => end.found)],
      unread: ends.flatMap((end) => end.unread),
    };
  };

  const batches = await pMap(slices(keys, KEYS_PER_BATCH), async (batch) => split(await readBatch(batch)), {
    concurrency: CONCURRENCY,
  });
  return {
    found: batches.flatMap(({ found }) => found),
    unread: batches.flatMap(({ unread }) => unread),
  };
}

/** A page of an index could be a megabyte of small items, thousands of which nobody has come to yet. */
const DUE_ITEMS_PER_PAGE = 2_500;

/** What is due in one shard of a table's index, most overdue first. */
export const dueItems = (
  clients: DynamoAccess,
  table: string,
  shard: number,
  now: number,
): AsyncGenerator<readonly Item[]> =>
  queryPages(clients, {
    TableName: table,
    IndexName: DUE_INDEX,
    KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
    ExpressionAttributeValues: { ':shard': shard, ':now': now },
    Limit: DUE_ITEMS_PER_PAGE,
  });

/** The pages of a query, one request each. */
export async function* queryPages(
  clients: DynamoAccess,
  query: QueryCommandInput,
): AsyncGenerator<readonly Item[]> {
  const pages = pagesOf((start) =>
    clients.dynamo.send(new QueryCommand({ ...query, ...start, ReturnConsumedCapacity: 'TOTAL' })),
  );
  for await (const { Items: items = [] } of pages) yield items;
}

/** The pages of a scan, one request each, and where it resumes after each. */
export async function* scanPages(
  clients: DynamoAccess,
  scan: ScanCommandInput,
): AsyncGenerator<{ readonly items: readonly Item[]; readonly resumeKey?: Item | undefined }> {
  const pages = pagesOf((start) =>
    clients.dynamo.send(new ScanCommand({ ...scan, ...start, ReturnConsumedCapacity: 'TOTAL' })),
  );
  for await (const { Items: items = [], LastEvaluatedKey: resumeKey } of pages) yield { items, resumeKey };
}

type Start = Pick<QueryCommandInput, 'ExclusiveStartKey'>;
type Page = Pick<QueryCommandOutput, 'Items' | 'LastEvaluatedKey'>;

// The SDK's paginators accept nothing but a real client, and a pass has a metered one.
async function* pagesOf(read: (start: Start) => Promise<Page>): AsyncGenerator<Page> {
  let start: Start = {};
  for (;;) {
    const page = await read(start);
    yield page;
    if (page.LastEvaluatedKey === undefined) return;
    start = { ExclusiveStartKey: page.LastEvaluatedKey };
  }
}
