import { isDeepStrictEqual } from 'node:util';
import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import pMap, { pMapSkip } from 'p-map';
import { tableDefinitions } from '../../functions/copy-segment/tables.ts';
import type { Connection } from '../connection/connection.ts';
import { type DumpRecord, formatRecord, parseRecord, type StoredItem } from './record.ts';

/** Requests at once: an item each, since the condition is per item. */
const CONCURRENCY = 32;

/** Items named of those that were left alone. */
const MAX_NAMED = 10;

export interface Loaded {
  readonly written: number;
  /** Were there already, with the same content. */
  readonly same: number;
  /** Were there already with another content, and were left as they are. */
  readonly kept: number;
  /** The first of these. */
  readonly keptNames: readonly string[];
}

/** Puts items that are not there yet, several at once; what is there is left as it is, unless told otherwise. */
export async function loadRecords(
  { dynamo, tables }: Pick<Connection, 'dynamo' | 'tables'>,
  records: AsyncIterable<DumpRecord>,
  { overwrite, signal }: { readonly overwrite: boolean; readonly signal: AbortSignal },
): Promise<Loaded> {
  const counts = { written: 0, same: 0, kept: 0 };
  const keptNames: string[] = [];
  await pMap(
    records,
    async (record) => {
      const outcome = await put(record);
      counts[outcome]++;
      if (outcome === 'kept' && keptNames.length < MAX_NAMED) keptNames.push(nameOf(record));
      return pMapSkip;
    },
    { concurrency: CONCURRENCY, signal },
  );
  return { ...counts, keptNames };

  async function put({ table, item }: DumpRecord): Promise<'written' | 'same' | 'kept'> {
    const { partitionKey } = tableDefinitions[table];
    try {
      await dynamo.send(
        new PutItemCommand({
          TableName: tables[table],
          Item: { ...item },
          ...(!overwrite && {
            ConditionExpression: 'attribute_not_exists(#key)',
            ExpressionAttributeNames: { '#key': partitionKey },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        }),
        { abortSignal: signal },
      );
      return 'written';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const found: StoredItem = error.Item ?? {};
      return isDeepStrictEqual(plain({ table, item: found }), plain({ table, item })) ? 'same' : 'kept';
    }
  }
}

/** As it reads in a dump: whatever class its bytes are of. */
const plain = (record: DumpRecord): DumpRecord => parseRecord(formatRecord(record));

function nameOf({ table, item }: DumpRecord): string {
  const { partitionKey, sortKey } = { sortKey: undefined, ...tableDefinitions[table] };
  const key = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].map((name) => item[name]?.N ?? '?');
  return `${table.replace(/s$/, '')} ${key.join('/')}`;
}
