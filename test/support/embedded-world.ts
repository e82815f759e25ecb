import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import {
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import { createTables } from '../../engines/create-tables.ts';
import { createDynamoClient, createSqsClient } from '../../functions/aws/clients.ts';
import type { TableKind, TableNames } from '../../functions/copy-segment/tables.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import type { ObservedVerdict } from '../../functions/inspector/pass.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { slices } from '../../functions/streams/slices.ts';
import { NOW, type Row } from './builders.ts';

export type Item = Record<string, unknown>;
export type Message = TaskMessage['body'];

/** Stands between a pass and an engine: may change the request, the answer, or fail the call. */
export type Disturbance = (call: DisturbedCall) => Promise<unknown>;
export interface DisturbedCall {
  /** `Query`, `SendMessageBatch`, … */
  readonly operation: string;
  readonly input: Record<string, unknown>;
  /** Counts the calls of the pass from 1. */
  readonly number: number;
  /** Goes on to the engine. */
  proceed(): Promise<unknown>;
}

export interface WorldOptions {
  readonly fifo?: boolean;
  readonly shards?: number;
  readonly windowSize?: number;
  readonly inspectMs?: number;
}

export type World = Awaited<ReturnType<typeof embeddedWorld>>;

/** Tables and a queue of its own on the embedded engines, and passes over them, through the Lambda's code. */
export async function embeddedWorld({ fifo = false, shards = 4, ...config }: WorldOptions = {}) {
  const { dynamo, sqs } = embeddedClients();
  const { tables, queueUrl } = await createResources(fifo);
  const clock = { now: NOW };
  const world = {
    tables,
    queueUrl,
    clock,

    async has(...records: readonly (Row | readonly Row[])[]): Promise<void> {
      for (const batch of slices(records.flat() as Row[], 25)) {
        const requests: Record<string, { PutRequest: { Item: Item } }[]> = {};
        for (const { table, item } of batch) {
          const name = tables[table];
          requests[name] = [...(requests[name] ?? []), { PutRequest: { Item: item } }];
        }
        await dynamo.send(new BatchWriteCommand({ RequestItems: requests }));
      }
    },

    async put(table: TableKind, item: Item): Promise<void> {
      await dynamo.send(new PutCommand({ TableName: tables[table], Item: item }));
    },

    async remove(table: TableKind, Key: Item): Promise<void> {
      await dynamo.send(new DeleteCommand({ TableName: tables[table], Key }));
    },

    async pass(event: unknown = {}, run: PassRun & { disturb?: Disturbance } = {}): Promise<PassReport> {
      const clients = embeddedClients(run.disturb);
      const inspector = createInspector({
        ...clients,
        tables,
        queueUrl,
        shards,
        now: () => clock.now,
        ...config,
      });
      return inspector(parsePassEvent(event), run);
    },

    /** The verdicts of a pass, by task id, or `job 1` for those on jobs. */
    async verdicts(event: unknown = {}): Promise<Record<string, string>> {
      const seen: Record<string, string> = {};
      const onVerdict = ({ jobId, taskId, kind, because }: ObservedVerdict): void => {
        seen[taskId === undefined ? `job ${jobId}` : String(taskId)] = `${kind}: ${because}`;
      };
      await world.pass(event, { onVerdict });
      return seen;
    },

    job: (jobId = 1n) => get('jobs', { jobId }),
    task: (taskId = 1n, jobId = 1n) => get('tasks', { jobId, taskId }),
    segment: (segmentId: bigint) => get('segments', { segmentId }),

    /** Every item of every table, in key order. */
    async items(): Promise<Record<TableKind, Item[]>> {
      const all = async (table: TableKind): Promise<Item[]> => {
        const items: Item[] = [];
        let start: Item | undefined;
        do {
          const page = await dynamo.send(
            new ScanCommand({
              TableName: tables[table],
              ConsistentRead: true,
              ...(start && { ExclusiveStartKey: start }),
            }),
          );
          items.push(...(page.Items ?? []));
          start = page.LastEvaluatedKey;
        } while (start);
        const key = (item: Item) =>
          [item.jobId, item.taskId, item.segmentId].map((id) => String(id).padStart(20)).join();
        return items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
      };
      return { jobs: await all('jobs'), tasks: await all('tasks'), segments: await all('segments') };
    },

    /** Takes the messages off the queue, in the order they come. */
    async messages(): Promise<Message[]> {
      const bodies: Message[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return bodies;
        bodies.push(...Messages.map(({ Body = '' }) => JSON.parse(Body)));
        const entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      }
    },
  };

  async function get(table: TableKind, Key: Item): Promise<Item | undefined> {
    return (await dynamo.send(new GetCommand({ TableName: tables[table], Key, ConsistentRead: true }))).Item;
  }
  return world;
}

/** Three tables and a queue with names of their own. */
export async function createResources(fifo = false): Promise<{ tables: TableNames; queueUrl: string }> {
  const { dynamo, sqs } = embeddedClients();
  const name = `world-${randomUUID()}`;
  const tables = { jobs: `${name}-jobs`, tasks: `${name}-tasks`, segments: `${name}-segments` };
  await createTables(dynamo, tables);
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand(
      fifo ? { QueueName: `${name}.fifo`, Attributes: { FifoQueue: 'true' } } : { QueueName: name },
    ),
  );
  return { tables, queueUrl: QueueUrl };
}

export function embeddedClients(disturb?: Disturbance): { dynamo: DynamoDBDocumentClient; sqs: SQSClient } {
  const dynamoEndpoint = inject('dynamoEndpoint');
  const sqsEndpoint = inject('sqsEndpoint');
  const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const dynamo = createDynamoClient({ ...identity, ...(dynamoEndpoint && { endpoint: dynamoEndpoint }) });
  const sqs = createSqsClient({ ...identity, ...(sqsEndpoint && { endpoint: sqsEndpoint }) });
  if (disturb) {
    let number = 0;
    const middleware =
      // biome-ignore lint/suspicious/noExplicitAny: one middleware for the commands of two clients
      (next: any, context: any) => (args: any) =>
        disturb({
          operation: String(context.commandName).replace(/Command$/, ''),
          input: args.input,
          number: ++number,
          proceed: () => next(args),
        });
    // Before the SDK's retries: what is injected here has outlasted them.
    // biome-ignore lint/suspicious/noExplicitAny: as above
    for (const client of [dynamo, sqs] as any[])
      client.middlewareStack.add(middleware, { step: 'initialize', priority: 'low', name: 'disturb' });
  }
  return { dynamo, sqs };
}
