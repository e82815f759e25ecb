import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import pLimit from 'p-limit';
import pMap from 'p-map';
import { packMappings } from '../../functions/copy-segment/mappings.ts';
import { slices } from '../../functions/streams/slices.ts';
import { batchesOf } from '../data/batches.ts';
import { mappings, RESTORE } from '../data/restore.ts';
import { NOW, SHARDS } from '../data/rows.ts';
import { TABLES } from '../data/tables.ts';
import type { Assignment, Done } from './assignment.ts';
import { contend } from './contend.ts';
import {
  dropped,
  fence,
  flushed,
  type Item,
  mark,
  messageFor,
  type Statement,
  segmentOf,
  settled,
  settledJob,
  stateOf,
  targetsOf,
} from './floor-requests.ts';
import { sdkConfig } from './sdk-config.ts';

/** The limits of AWS. */
const MESSAGES_PER_REQUEST = 10;
const STATEMENTS_PER_REQUEST = 25;
const KEYS_PER_REQUEST = 100;
const PARTS_PER_TRANSACTION = 100;

/** Requests under way at once, of each kind. */
const SENDS_IN_FLIGHT = 16;
const WRITES_IN_FLIGHT = 8;

/**
 * The same effect with the fewest requests that AWS allows, with the bare SDK: every request full, nothing read twice,
 * nothing checked that goes well here, no report. Nobody could run a restore on it; nobody can be below it.
 */
async function floor(assignment: Assignment): Promise<Done> {
  const config = sdkConfig(assignment);
  const dynamo = new DynamoDBClient(config);
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const writes = pLimit(WRITES_IN_FLIGHT);

  async function* pagesOf(query: QueryCommandInput): AsyncGenerator<Item[]> {
    let start: Item | undefined;
    do {
      const page = await dynamo.send(new QueryCommand({ ...query, ExclusiveStartKey: start }));
      yield page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start);
  }

  const dueIn = (TableName: string, shard: number) =>
    pagesOf({
      TableName,
      IndexName: 'due',
      KeyConditionExpression: 'dueShard = :shard AND dueAt <= :now',
      ExpressionAttributeValues: { ':shard': { N: String(shard) }, ':now': { N: String(NOW) } },
    });

  const due = async (table: string): Promise<Item[]> => {
    const shards = Array.from({ length: SHARDS }, (_, shard) => Array.fromAsync(dueIn(table, shard)));
    return (await Promise.all(shards)).flat(2);
  };

  const tasksOf = (jobId: AttributeValue | undefined) =>
    pagesOf({
      TableName: TABLES.tasks,
      KeyConditionExpression: 'jobId = :jobId',
      ExpressionAttributeValues: { ':jobId': jobId as AttributeValue },
      ConsistentRead: true,
    });

  const read = (table: string, keys: Item[]): Promise<Item[][]> =>
    pMap(slices(keys, KEYS_PER_REQUEST), async (Keys) => {
      const request = new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } });
      return (await dynamo.send(request)).Responses?.[table] ?? [];
    });

  const execute = (Statements: Statement[]) =>
    writes(() => dynamo.send(new BatchExecuteStatementCommand({ Statements })));

  /** Fills each request of statements, whatever they come from. */
  function batches() {
    let open: Statement[] = [];
    const sent: Promise<unknown>[] = [];
    const take = (): void => {
      if (open.length > 0) sent.push(execute(open));
      open = [];
    };
    return {
      add(statement: Statement): void {
        open.push(statement);
        if (open.length === STATEMENTS_PER_REQUEST) take();
      },
      async end(): Promise<void> {
        take();
        await Promise.all(sent);
      },
    };
  }

  const send = (tasks: Item[]) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: assignment.queueUrl,
        Entries: tasks.map((task, index) => ({
          Id: String(index),
          MessageGroupId: task.jobId?.N,
          MessageBody: messageFor(task),
        })),
      }),
    );

  /** @param pages of tasks, all of them Pending */
  async function dispatch(batchesOfTasks: Iterable<Item[]> | AsyncIterable<Item[]>): Promise<void> {
    const marks = batches();
    await pMap(
      batchesOfTasks,
      async (tasks) => {
        await send(tasks);
        for (const task of tasks) marks.add(mark(task));
      },
      { concurrency: SENDS_IN_FLIGHT },
    );
    await marks.end();
  }

  async function inspect(): Promise<void> {
    const [tasks, jobs] = await Promise.all([due(TABLES.tasks), due(TABLES.jobs)]);
    const jobIds = [...new Set(tasks.map(({ jobId }) => String(jobId?.N)))];
    await read(
      TABLES.jobs,
      jobIds.map((N) => ({ jobId: { N } })),
    );
    const pending = tasks.filter(({ state }) => state?.S === 'Pending');
    const failed = tasks.filter(({ state }) => state?.S === 'Failed');
    await Promise.all([dispatch(slices(pending, MESSAGES_PER_REQUEST)), drop(failed), dropAll(jobs)]);
  }

  async function drop(failed: Item[]): Promise<void> {
    const found = (
      await read(
        TABLES.tasks,
        failed.map(({ jobId, taskId }) => ({ jobId, taskId }) as Item),
      )
    ).flat();
    const drops = batches();
    for (const task of found) for (const target of targetsOf(task)) drops.add(dropped(target, task));
    await drops.end();
    const settlements = batches();
    for (const task of found) settlements.add(settled(task));
    await settlements.end();
  }

  async function dropAll(jobs: Item[]): Promise<void> {
    const failed = jobs.filter(({ state }) => state?.S === 'Failed').map(({ jobId }) => ({ jobId }) as Item);
    for (const job of (await read(TABLES.jobs, failed)).flat()) {
      const drops = batches();
      for await (const page of tasksOf(job.jobId))
        for (const task of page) for (const target of targetsOf(task)) drops.add(dropped(target, job));
      await drops.end();
      await execute([settledJob(job)]);
    }
  }

  async function minute(): Promise<void> {
    const endsAt = performance.now() + assignment.minuteMs;
    async function* dueBatches(): AsyncGenerator<Item[]> {
      for (let shard = 0; shard < SHARDS; shard++)
        for await (const page of dueIn(TABLES.tasks, shard))
          for (const batch of slices(page, MESSAGES_PER_REQUEST)) {
            if (performance.now() >= endsAt) return;
            yield batch;
          }
    }
    await dispatch(dueBatches());
  }

  const scan = async (TableName: string): Promise<void> => {
    let start: Item | undefined;
    do {
      const page = await dynamo.send(
        new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey: start }),
      );
      start = page.LastEvaluatedKey;
    } while (start);
  };

  const transact = (TransactItems: TransactWriteItem[]) =>
    dynamo.send(new TransactWriteItemsCommand({ TransactItems }));

  async function submit(): Promise<void> {
    const jobId = { N: String(RESTORE.jobId) };
    const collectionId = { N: String(RESTORE.collectionId) };
    const put = (TableName: string, Item: Item): TransactWriteItem => ({ Put: { TableName, Item } });
    const shard = { dueShard: { N: '0' }, dueAt: { N: String(NOW) } };
    await execute([
      {
        Statement: `INSERT INTO "${TABLES.jobs}" VALUE {'jobId': ?, 'collectionId': ?, 'state': 'Pending', 'dueShard': 0, 'dueAt': ?}`,
        Parameters: [jobId, collectionId, { N: String(NOW) }],
      },
    ]);
    let taskId = 1;
    for (const batch of batchesOf(mappings(assignment.segments), PARTS_PER_TRANSACTION - 2)) {
      const task = { jobId, taskId: { N: String(taskId++) }, collectionId, state: { S: 'Pending' } };
      const counters = { taskVersion: { N: '0' }, enqueueCount: { N: '0' }, createdAt: { N: String(NOW) } };
      await transact([
        fence(jobId, 'Pending'),
        put(TABLES.tasks, { ...task, ...counters, ...shard, mappings: { B: packMappings(batch) } }),
        ...batch.map((mapping) => put(TABLES.segments, segmentOf(mapping, task))),
      ]);
    }
    await execute([stateOf(jobId, 'Pending', 'Executing')]);
  }

  async function publish(): Promise<void> {
    const [job] = await due(TABLES.jobs);
    const jobId = job?.jobId as AttributeValue;
    await read(TABLES.jobs, [{ jobId }]);
    const tasks = (await Array.fromAsync(tasksOf(jobId))).flat();
    await execute([stateOf(jobId, 'Executing', 'Publishing')]);
    for (const targets of slices(tasks.flatMap(targetsOf), PARTS_PER_TRANSACTION - 1))
      await transact([fence(jobId, 'Publishing'), ...targets.map((target) => flushed(target, jobId))]);
    await execute([stateOf(jobId, 'Publishing', 'Completed')]);
  }

  const works = {
    inspect,
    minute,
    submit,
    check: publish,
    recover: async () => {
      await Promise.all([scan(TABLES.jobs), scan(TABLES.tasks)]);
    },
  };
  await works[assignment.work]();
  return {};
}

await contend(floor);
