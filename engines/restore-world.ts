import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BatchWriteCommand, type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { RestoreItem } from '../cli/restore-file/read-restore.ts';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';
import { retryLeftovers } from '../functions/aws/retry-leftovers.ts';
import { compareIds } from '../functions/copy-segment/ids.ts';
import type { Item } from '../functions/copy-segment/item.ts';
import type { TableKind, TableNames } from '../functions/copy-segment/tables.ts';
import { slices } from '../functions/streams/slices.ts';
import { createTables } from './create-tables.ts';
import type { Engines } from './start-engines.ts';

export type TableItems = Readonly<Record<TableKind, readonly Item[]>>;

/** Tables and a queue for one run, with names of their own wherever the engines are. */
export interface RestoreWorld {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: TableNames;
  readonly queueUrl: string;
  load(items: readonly RestoreItem[]): Promise<void>;
  /** Every item, in key order. */
  items(): Promise<TableItems>;
  /** Takes what is in the queue, as JSON. */
  receive(): Promise<Record<string, unknown>[]>;
  /** Deletes tables and queue. */
  remove(): Promise<void>;
}

const neverAborted = new AbortController().signal;

export async function createRestoreWorld(engines: Engines): Promise<RestoreWorld> {
  const dynamo = createDynamoClient(engines.dynamo);
  const sqs = createSqsClient(engines.sqs);
  const name = `copy-segment-${randomUUID().slice(0, 8)}`;
  const tables = { jobs: `${name}-jobs`, tasks: `${name}-tasks`, segments: `${name}-segments` };
  await createTables(dynamo, tables);
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));

  const scan = async (kind: TableKind): Promise<Item[]> => {
    const items: Item[] = [];
    const pages = paginateScan({ client: dynamo }, { TableName: tables[kind], ConsistentRead: true });
    for await (const page of pages) items.push(...(page.Items ?? []));
    return items.sort(byKey);
  };

  return {
    dynamo,
    sqs,
    tables,
    queueUrl,

    async load(items) {
      for (const batch of slices(items, 25)) {
        const unwritten = await retryLeftovers(
          batch,
          async (remaining) => {
            const RequestItems = Object.groupBy(remaining, ({ table }) => tables[table]) as Record<
              string,
              RestoreItem[]
            >;
            const output = await dynamo.send(
              new BatchWriteCommand({
                RequestItems: Object.fromEntries(
                  Object.entries(RequestItems).map(([table, puts]) => [
                    table,
                    puts.map(({ item }) => ({ PutRequest: { Item: item } })),
                  ]),
                ),
              }),
            );
            const kinds = Object.entries(tables) as [TableKind, string][];
            return kinds.flatMap(([table, physical]) =>
              (output.UnprocessedItems?.[physical] ?? []).map(({ PutRequest }) => ({
                table,
                item: PutRequest?.Item ?? {},
              })),
            );
          },
          neverAborted,
        );
        if (unwritten.length > 0)
          throw new Error(`DynamoDB did not take ${unwritten.length} items; the load is not complete`);
      }
    },

    async items() {
      const [jobs, tasks, segments] = await Promise.all([scan('jobs'), scan('tasks'), scan('segments')]);
      return { jobs, tasks, segments };
    },

    async receive() {
      const bodies: Record<string, unknown>[] = [];
      for (;;) {
        const received = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: 10,
            VisibilityTimeout: 3_600,
          }),
        );
        const messages: Message[] = received.Messages ?? [];
        if (messages.length === 0) return bodies;
        bodies.push(...messages.map(({ Body = '{}' }) => JSON.parse(Body)));
      }
    },

    async remove() {
      await Promise.allSettled([
        ...Object.values(tables).map((TableName) => dynamo.send(new DeleteTableCommand({ TableName }))),
        sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl })),
      ]);
      dynamo.destroy();
      sqs.destroy();
    },
  };
}

const byKey = (a: Item, b: Item): number =>
  compareIds((a.segmentId ?? a.jobId) as bigint, (b.segmentId ?? b.jobId) as bigint) ||
  compareIds((a.taskId ?? 0n) as bigint, (b.taskId ?? 0n) as bigint);
