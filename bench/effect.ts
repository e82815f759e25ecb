import {
  DynamoDBClient,
  paginateQuery,
  paginateScan,
  type QueryCommandInput,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { NOW, SHARDS } from './data/rows.ts';
import { TABLES } from './data/tables.ts';
import type { SideCounts } from './engines/engine-side.ts';
import type { Effect } from './workload.ts';

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };

/** What a contender has left in tables and queue; past the wire, so that looking is not counted. */
export function lookAt(endpoint: string) {
  const client = new DynamoDBClient({ endpoint, ...identity });
  const scanned = async (filter: ScanCommandInput): Promise<number> => {
    let count = 0;
    for await (const { Count = 0 } of paginateScan({ client }, { ...filter, Select: 'COUNT' }))
      count += Count;
    return count;
  };

  const queried = async (filter: QueryCommandInput): Promise<number> => {
    let count = 0;
    for await (const { Count = 0 } of paginateQuery({ client }, { ...filter, Select: 'COUNT' }))
      count += Count;
    return count;
  };

  const segmentsIn = (state: string): Promise<number> =>
    scanned({
      TableName: TABLES.segments,
      FilterExpression: '#state = :state',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': { S: state } },
    });

  return {
    dropped: () => segmentsIn('Dropped'),
    flushed: () => segmentsIn('Flushed'),
    importing: () => segmentsIn('Importing'),
    settled: () =>
      scanned({ TableName: TABLES.tasks, FilterExpression: 'attribute_exists(segmentsDroppedAt)' }),
    async marked() {
      const shards = Array.from({ length: SHARDS }, (_, shard) =>
        queried({
          TableName: TABLES.tasks,
          IndexName: 'due',
          KeyConditionExpression: 'dueShard = :shard AND dueAt > :now',
          ExpressionAttributeValues: { ':shard': { N: String(shard) }, ':now': { N: String(NOW) } },
        }),
      );
      return (await Promise.all(shards)).reduce((sum, count) => sum + count, 0);
    },
    close: () => client.destroy(),
  };
}

/**
 * A contender that does less than the others would win.
 *
 * @param whose which contender at what, for the error
 * @param markedBefore tasks that were marked before it started
 */
export async function assertEffect(
  wanted: Effect,
  { messages, queued }: SideCounts,
  endpoint: string,
  { whose, markedBefore }: { readonly whose: string; readonly markedBefore: number },
): Promise<void> {
  const hold = (what: string, found: number, expected: number): void => {
    if (found !== expected) throw new Error(`${whose}: ${what} ${found}, and not ${expected}`);
  };
  hold('messages in the queue', queued, messages);
  const look = lookAt(endpoint);
  try {
    for (const [what, expected] of Object.entries(wanted)) {
      if (what === 'messages') hold(what, messages, expected);
      else if (what === 'marked') hold(what, (await look.marked()) - markedBefore, expected);
      else hold(what, await look[what as Exclude<keyof Effect, 'messages'>](), expected);
    }
  } finally {
    look.close();
  }
}
