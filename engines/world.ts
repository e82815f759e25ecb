import { randomUUID } from 'node:crypto';
import { DeleteTableCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { DeleteQueueCommand, QueueDoesNotExist, type SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';
import { describeError } from '../functions/copy-segment/describe-error.ts';
import { compareIds } from '../functions/copy-segment/ids.ts';
import type { TableKind, TableNames } from '../functions/copy-segment/tables.ts';
import { createTables } from './create-tables.ts';
import { type Row, writeRows } from './load.ts';
import { createQueue, receive } from './queue.ts';
import type { Engines } from './start-engines.ts';

type Item = Record<string, unknown>;

/** Three tables and a queue with unique names, wherever the engines are. */
export interface World {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly tables: TableNames;
  readonly queueUrl: string;
  /** Writes rows as they come, several batches at once; rows must differ from each other in table or key. */
  load(rows: Iterable<Row> | AsyncIterable<Row>): Promise<void>;
  /** The items of a table page by page, in no order. */
  scan(kind: TableKind): AsyncIterable<readonly Item[]>;
  /** Every item of every table, in key order. */
  items(): Promise<Record<TableKind, Item[]>>;
  /** Takes the messages off the queue, in the order in which they come: their bodies, parsed. */
  receive(): AsyncGenerator<Record<string, unknown>>;
  /**
   * Deletes tables and queue.
   *
   * @throws LeftBehindError if something could not be deleted
   */
  destroy(): Promise<void>;
}

export interface WorldOptions {
  /** What the names of tables and queue begin with. */
  readonly prefix?: string;
  readonly fifo?: boolean;
  /** Whether Jobs and Tasks have a stream. */
  readonly streams?: boolean;
}

/** Thrown when tables, a queue or buckets could not be deleted; names them. */
export class LeftBehindError extends Error {
  override name = 'LeftBehindError';
}

/**
 * Waits for every deletion.
 *
 * @throws LeftBehindError that names all that could not be deleted
 */
export async function deleteAll(deletions: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(deletions);
  const left = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as Error).message] : []));
  if (left.length > 0) throw new LeftBehindError(left.join('\n'));
}

/** Thrown when tables, a queue or buckets cannot be created. */
export class NotCreatedError extends Error {
  override name = 'NotCreatedError';
}

/**
 * Creates tables and queue; if one of them cannot be created, deletes the others before it throws.
 *
 * @throws NotCreatedError
 */
export async function createWorld(
  engines: Pick<Engines, 'dynamo' | 'sqs'>,
  { prefix = 'copy-segment', fifo = false, streams = false }: WorldOptions = {},
): Promise<World> {
  const dynamo = createDynamoClient(engines.dynamo);
  const sqs = createSqsClient(engines.sqs);
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const tables = { jobs: `${name}-jobs`, tasks: `${name}-tasks`, segments: `${name}-segments` };
  let queueUrl: string | undefined;

  const destroy = async (): Promise<void> => {
    const left: string[] = [];
    const remove = async (what: string, deletion: Promise<unknown>): Promise<void> => {
      await deletion.catch((error: Error) => {
        if (error instanceof ResourceNotFoundException || error instanceof QueueDoesNotExist) return;
        left.push(`${what} (${error.message})`);
      });
    };
    await Promise.all([
      ...Object.values(tables).map((TableName) =>
        remove(`table ${TableName}`, dynamo.send(new DeleteTableCommand({ TableName }))),
      ),
      queueUrl && remove(`queue ${queueUrl}`, sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }))),
    ]);
    dynamo.destroy();
    sqs.destroy();
    if (left.length > 0) throw new LeftBehindError(`could not be deleted: ${left.join(', ')}`);
  };

  try {
    // One after the other: what has not been asked for need not be deleted.
    queueUrl = await createQueue(sqs, name, fifo);
    await createTables(dynamo, tables, { streams });
  } catch (error) {
    const left = await destroy().then(
      () => '',
      ({ message }: LeftBehindError) => `; ${message}`,
    );
    throw new NotCreatedError(`tables and queue cannot be created: ${describeError(error)}${left}`, {
      cause: error,
    });
  }

  const scan = async function* (kind: TableKind): AsyncGenerator<Item[]> {
    const pages = paginateScan({ client: dynamo }, { TableName: tables[kind], ConsistentRead: true });
    for await (const { Items = [] } of pages) yield Items;
  };
  const all = async (kind: TableKind): Promise<Item[]> =>
    (await Array.fromAsync(scan(kind))).flat().sort(byKey);

  return {
    dynamo,
    sqs,
    tables,
    queueUrl,
    load: (rows) => writeRows(dynamo, tables, rows),
    scan,
    async items() {
      const [jobs, tasks, segments] = await Promise.all([all('jobs'), all('tasks'), all('segments')]);
      return { jobs, tasks, segments };
    },
    receive: () => receive(sqs, queueUrl),
    destroy,
  };
}

const byKey = (a: Item, b: Item): number =>
  compareIds((a.segmentId ?? a.jobId) as bigint, (b.segmentId ?? b.jobId) as bigint) ||
  compareIds((a.taskId ?? 0n) as bigint, (b.taskId ?? 0n) as bigint);
