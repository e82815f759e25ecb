import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import { createWorld } from '../../engines/world.ts';
import { createDynamoClient, createSqsClient } from '../../functions/aws/clients.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import { createInspector } from '../../functions/inspector/inspector.ts';
import type { ObservedVerdict } from '../../functions/inspector/pass.ts';
import { parsePassEvent } from '../../functions/inspector/pass-event.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
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
  /** Lets the call through to the engine. */
  proceed(): Promise<unknown>;
}

export interface WorldOptions {
  readonly fifo?: boolean;
  readonly streams?: boolean;
  readonly shards?: number;
  readonly windowSize?: number;
  readonly inspectMs?: number;
  readonly maxDrops?: number;
  /** Where the tables and the queue are, if not on the engines of the whole run. */
  readonly engines?: ReturnType<typeof enginesOfTheRun>;
}

export type World = Awaited<ReturnType<typeof embeddedWorld>>;

/** Separate tables and a queue on the embedded engines, and passes over them, through the Lambda's code. */
export async function embeddedWorld({
  fifo = false,
  streams = false,
  shards = 4,
  engines = enginesOfTheRun(),
  ...config
}: WorldOptions = {}) {
  const { dynamo, tables, queueUrl, ...base } = await createWorld(engines, {
    prefix: 'world',
    fifo,
    streams,
  });
  const clock = { now: NOW };
  const world = {
    tables,
    queueUrl,
    clock,
    items: base.items,

    has: (...rows: readonly (Row | readonly Row[])[]): Promise<void> => base.load(rows.flat() as Row[]),

    async put(table: TableKind, item: Item): Promise<void> {
      await dynamo.send(new PutCommand({ TableName: tables[table], Item: item }));
    },

    async remove(table: TableKind, Key: Item): Promise<void> {
      await dynamo.send(new DeleteCommand({ TableName: tables[table], Key }));
    },

    async pass(event: unknown = {}, run: PassRun & { disturb?: Disturbance } = {}): Promise<PassReport> {
      const clients = disturbedClients(run.disturb, engines);
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

    /** Takes the messages off the queue, in the order they come. */
    messages: async () => (await Array.fromAsync(base.receive())) as unknown[] as Message[],
  };

  async function get(table: TableKind, Key: Item): Promise<Item | undefined> {
    return (await dynamo.send(new GetCommand({ TableName: tables[table], Key, ConsistentRead: true }))).Item;
  }
  return world;
}

export function enginesOfTheRun() {
  const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  return {
    dynamo: { ...identity, endpoint: inject('dynamoEndpoint') },
    sqs: { ...identity, endpoint: inject('sqsEndpoint') },
  };
}

export function disturbedClients(
  disturb?: Disturbance,
  { dynamo: dynamoConfig, sqs: sqsConfig }: ReturnType<typeof enginesOfTheRun> = enginesOfTheRun(),
): { dynamo: DynamoDBDocumentClient; sqs: SQSClient } {
  const [dynamo, sqs] = [createDynamoClient(dynamoConfig), createSqsClient(sqsConfig)];
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
