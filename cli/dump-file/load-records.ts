import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import pMap, { pMapSkip } from 'p-map';
import { INSERTS_PER_BATCH, insertItems } from '../../functions/aws/insert-items.ts';
import { CONCURRENCY } from '../../functions/aws/metered-clients.ts';
import { retryLeftovers } from '../../functions/aws/retry-leftovers.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import { tableDefinitions } from '../../functions/copy-segment/tables.ts';
import { batchesOf, differencesFrom, nameOf, type Tables } from './compare-records.ts';
import type { DumpRecord } from './record.ts';

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

/**
 * Puts items that are not there yet, several batches at once; what is there is left as it is, unless told otherwise. No
 * more records are held than are in flight.
 */
export async function loadRecords(
  target: Tables,
  records: AsyncIterable<DumpRecord>,
  {
    overwrite,
    signal,
    onWritten = () => {},
  }: {
    readonly overwrite: boolean;
    readonly signal: AbortSignal;
    readonly onWritten?: (items: number) => void;
  },
): Promise<Loaded> {
  const loaded = { written: 0, same: 0, kept: 0 };
  const keptNames: string[] = [];
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
  };
  async function* untilFailure(): AsyncGenerator<DumpRecord[]> {
    try {
      for await (const batch of batchesOf(records, INSERTS_PER_BATCH)) {
        if (failure) return;
        yield batch;
      }
    } catch (error) {
      fail(error);
    }
  }
  // An error is thrown once nothing is under way any more: what was written by then is known. The signal ends requests.
  await pMap(
    untilFailure(),
    async (batch) => {
      await loadBatch(batch).catch(fail);
      return pMapSkip;
    },
    { concurrency: CONCURRENCY, signal },
  );
  if (failure) throw failure.error;
  return { ...loaded, keptNames };

  async function loadBatch(batch: readonly DumpRecord[]): Promise<void> {
    const found = overwrite ? [] : await insert(target, batch, signal);
    if (overwrite) await replace(target, batch, signal);
    onWritten(batch.length - found.length);
    const kept = (await differencesFrom(target, found, signal)).map(({ record }) => record);
    loaded.written += batch.length - found.length;
    loaded.same += found.length - kept.length;
    loaded.kept += kept.length;
    keptNames.push(...kept.slice(0, MAX_NAMED - keptNames.length).map(nameOf));
  }
}

/** @returns those that are there already */
const insert = (
  { dynamo, tables }: Tables,
  batch: readonly DumpRecord[],
  signal: AbortSignal,
): Promise<DumpRecord[]> =>
  insertItems(
    { dynamo, signal },
    batch.map((record) => ({
      item: record.item,
      table: tables[record.table],
      keyAttribute: tableDefinitions[record.table].partitionKey,
      record,
    })),
  ).then((found) => found.map(({ record }) => record));

async function replace({ dynamo, tables }: Tables, batch: readonly DumpRecord[], signal: AbortSignal) {
  const left = await retryLeftovers(
    batch.map((record) => ({
      name: tables[record.table],
      put: { PutRequest: { Item: { ...record.item } } },
    })),
    async (puts) => {
      const RequestItems = Object.fromEntries(
        [...Map.groupBy(puts, ({ name }) => name)].map(([name, group]) => [
          name,
          group.map(({ put }) => put),
        ]),
      );
      const { UnprocessedItems = {} } = await dynamo.send(new BatchWriteItemCommand({ RequestItems }), {
        abortSignal: signal,
      });
      return Object.entries(UnprocessedItems).flatMap(([name, requests]) =>
        requests.map(({ PutRequest }) => ({ name, put: { PutRequest: { Item: PutRequest?.Item ?? {} } } })),
      );
    },
    signal,
  );
  if (left.length > 0) throw new TemporaryError('DynamoDB left items unwritten several times');
}
