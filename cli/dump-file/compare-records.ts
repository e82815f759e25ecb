import { isDeepStrictEqual } from 'node:util';
import { type AttributeValue, BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import pMap, { pMapSkip } from 'p-map';
import { CONCURRENCY } from '../../functions/aws/metered-clients.ts';
import { retryLeftovers } from '../../functions/aws/retry-leftovers.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import { tableDefinitions } from '../../functions/copy-segment/tables.ts';
import { slices } from '../../functions/streams/slices.ts';
import type { Connection } from '../connection/connection.ts';
import { type DumpRecord, formatRecord, parseRecord, type StoredItem } from './record.ts';

export type Tables = Pick<Connection, 'dynamo' | 'tables'>;

/** An item that is there with another content, or not at all. */
export interface Difference {
  readonly record: DumpRecord;
  readonly isThere: boolean;
  /** Names of the attributes in which it differs. */
  readonly attributes: readonly string[];
}

/** "task 1/2", "job 1", "segment 11". */
export const nameOf = (record: DumpRecord): string =>
  `${record.table.replace(/s$/, '')} ${Object.values(keyOf(record))
    .map(({ N }) => N ?? '?')
    .join('/')}`;

export function keyOf({ table, item }: DumpRecord): Record<string, AttributeValue> {
  const { partitionKey, sortKey } = { sortKey: undefined, ...tableDefinitions[table] };
  const names = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
  return Object.fromEntries(names.map((name) => [name, item[name] ?? { NULL: true }]));
}

/** DynamoDB's limit on the keys of one `BatchGetItem`. */
const KEYS_PER_BATCH = 100;

/** How many items a load would replace, and the first of them; no more records are held than are in flight. */
export async function countDifferences(
  target: Tables,
  records: AsyncIterable<DumpRecord>,
  { maxNamed, signal }: { readonly maxNamed: number; readonly signal: AbortSignal },
): Promise<{ readonly count: number; readonly first: readonly string[] }> {
  const first: string[] = [];
  let count = 0;
  await pMap(
    batchesOf(records, KEYS_PER_BATCH),
    async (batch) => {
      const found = await differencesFrom(target, batch, signal);
      const differing = found.filter(({ isThere }) => isThere);
      count += differing.length;
      first.push(...differing.slice(0, maxNamed - first.length).map(describeDifference));
      return pMapSkip;
    },
    { concurrency: CONCURRENCY, signal },
  );
  return { count, first };
}

const describeDifference = ({ record, attributes }: Difference): string =>
  `${nameOf(record)}: ${attributes.join(', ')}`;

/** No key twice in a batch: DynamoDB refuses the whole of it. */
export async function* batchesOf(
  records: AsyncIterable<DumpRecord>,
  size: number,
): AsyncGenerator<DumpRecord[]> {
  let batch = new Map<string, DumpRecord>();
  for await (const record of records) {
    const name = nameOf(record);
    if (batch.size === size || batch.has(name)) {
      yield [...batch.values()];
      batch = new Map();
    }
    batch.set(name, record);
  }
  if (batch.size > 0) yield [...batch.values()];
}

/** Those that are there with another content, or not at all. */
export async function differencesFrom(
  { dynamo, tables }: Tables,
  records: readonly DumpRecord[],
  signal: AbortSignal,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const [table, ofTable] of Map.groupBy(records, (record) => record.table))
    for (const slice of slices(ofTable, KEYS_PER_BATCH)) {
      const found: StoredItem[] = [];
      const left = await retryLeftovers(
        slice.map(keyOf),
        async (Keys) => {
          const { Responses = {}, UnprocessedKeys = {} } = await dynamo.send(
            new BatchGetItemCommand({
              RequestItems: { [tables[table]]: { Keys: [...Keys], ConsistentRead: true } },
            }),
            { abortSignal: signal },
          );
          found.push(...(Responses[tables[table]] ?? []));
          return UnprocessedKeys[tables[table]]?.Keys ?? [];
        },
        signal,
      );
      if (left.length > 0) throw new TemporaryError('DynamoDB left items unread several times');
      const byName = new Map(found.map((item) => [nameOf({ table, item }), plain({ table, item })]));
      for (const record of slice) {
        const there = byName.get(nameOf(record));
        const attributes = differingAttributes(plain(record).item, there?.item ?? {});
        if (attributes.length > 0) differences.push({ record, isThere: there !== undefined, attributes });
      }
    }
  return differences;
}

/** As it reads in a dump: whatever class its bytes are of. */
const plain = (record: DumpRecord): DumpRecord => parseRecord(formatRecord(record));

const differingAttributes = (a: StoredItem, b: StoredItem): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => !isDeepStrictEqual(a[name], b[name]))
    .sort();
