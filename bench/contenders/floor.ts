import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
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

/** Requests under way at once, of each kind: as many as this project's lanes have between them. */
const SENDS_IN_FLIGHT = 16;
const MARKS_IN_FLIGHT = 16;
const DROPS_IN_FLIGHT = 8;

/**
 * The same effect with the fewest requests that AWS allows, with the bare SDK: every request full, nothing read twice,
 * nothing checked that goes well here, no report. Nobody could run a restore on it. It bounds requests, and units as far
 * as it reads and writes the same; not the time, which others may spend better.
 */
async function floor(assignment: Assignment): Promise<Done> {
  const config = sdkConfig(assignment);
  const dynamo = new DynamoDBClient(config);
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const sends = pLimit(SENDS_IN_FLIGHT);
  const marking = pLimit(MARKS_IN_FLIGHT);
  const dropping = pLimit(DROPS_IN_FLIGHT);

  /** Asks for the next page while one is worked on. */
  async function* pagesOf(query: QueryCommandInput): AsyncGenerator<Item[]> {
    const ask = (ExclusiveStartKey?: Item) => dynamo.send(new QueryCommand({ ...query, ExclusiveStartKey }));
    let asked: Promise<QueryCommandOutput> | undefined = ask();
    while (asked) {
      const page: QueryCommandOutput = await asked;
      asked = page.LastEvaluatedKey && ask(page.LastEvaluatedKey);
      yield page.Items ?? [];
    }
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

  const execute = (Statements: Statement[]) => dynamo.send(new BatchExecuteStatementCommand({ Statements }));

  /** Fills each request, whatever its parts come from. */
  function batches<T>(size: number, request: (parts: T[]) => Promise<unknown>) {
    let open: T[] = [];
    const underWay = new Set<Promise<unknown>>();
    const take = (): void => {
      if (open.length === 0) return;
      const sent = request(open).finally(() => underWay.delete(sent));
      underWay.add(sent);
      open = [];
    };
    return {
      add(part: T): void {
        open.push(part);
        if (open.length === size) take();
      },
      /** Waits until no more than `most` requests are left: what is due is more than memory holds. */
      async atMost(most: number): Promise<void> {
        while (underWay.size > most) await Promise.race(underWay);
      },
      async end(): Promise<void> {
        take();
        await Promise.all(underWay);
      },
    };
  }

  const batchesOfStatements = (limit: ReturnType<typeof pLimit>) =>
    batches<Statement>(STATEMENTS_PER_REQUEST, (statements) => limit(() => execute(statements)));

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

  /** Sends tasks, all of them Pending, and marks what was sent. */
  function dispatcher() {
    const marks = batchesOfStatements(marking);
    const messages = batches<Item>(MESSAGES_PER_REQUEST, (tasks) =>
      sends(async () => {
        await send(tasks);
        for (const task of tasks) marks.add(mark(task));
      }),
    );
    return {
      add: messages.add,
      async room(): Promise<void> {
        await messages.atMost(SENDS_IN_FLIGHT);
        await marks.atMost(MARKS_IN_FLIGHT);
      },
      async end(): Promise<void> {
        await messages.end();
        await marks.end();
      },
    };
  }

  async function inspect(): Promise<void> {
    const pending = dispatcher();
    const jobIds = new Set<string>();
    // Nothing waits for a job here: all of them run.
    const jobs = batches<Item>(KEYS_PER_REQUEST, (keys) => read(TABLES.jobs, keys));
    const failed = dropper();
    const shard = async (number: number): Promise<void> => {
      for await (const page of dueIn(TABLES.tasks, number)) {
        for (const task of page) {
          const jobId = String(task.jobId?.N);
          if (!jobIds.has(jobId)) jobs.add({ jobId: { N: jobId } });
          jobIds.add(jobId);
          if (task.state?.S === 'Pending') pending.add(task);
          if (task.state?.S === 'Failed') failed.add(task);
        }
        await pending.room();
      }
    };
    const shards = Array.from({ length: SHARDS }, (_, number) => shard(number));
    await Promise.all([...shards, due(TABLES.jobs).then(dropAll)]);
    await Promise.all([pending.end(), jobs.end(), failed.end()]);
  }

  /** Drops the targets of Failed tasks, and notes it in the tasks. */
  function dropper() {
    const drops = batchesOfStatements(dropping);
    const found: Item[] = [];
    const segments = batches<{ readonly id: string; readonly task: Item }>(
      KEYS_PER_REQUEST,
      async (parts) => {
        const keys = parts.map(({ id }) => ({ segmentId: { N: id } }));
        const states = new Map(
          (await read(TABLES.segments, keys)).flat().map((s) => [s.segmentId?.N, s.state?.S]),
        );
        for (const { id, task } of parts) if (states.get(id) !== 'Dropped') drops.add(dropped(id, task));
      },
    );
    const tasks = batches<Item>(KEYS_PER_REQUEST, async (keys) => {
      for (const task of (await read(TABLES.tasks, keys)).flat()) {
        found.push(task);
        for (const id of targetsOf(task))
          if (assignment.readsFirst) segments.add({ id, task });
          else drops.add(dropped(id, task));
      }
    });
    return {
      add: ({ jobId, taskId }: Item): void => tasks.add({ jobId, taskId } as Item),
      async end(): Promise<void> {
        await tasks.end();
        await segments.end();
        await drops.end();
        const settlements = batchesOfStatements(dropping);
        for (const task of found) settlements.add(settled(task));
        await settlements.end();
      },
    };
  }

  async function dropAll(jobs: Item[]): Promise<void> {
    const failed = jobs.filter(({ state }) => state?.S === 'Failed').map(({ jobId }) => ({ jobId }) as Item);
    for (const job of (await read(TABLES.jobs, failed)).flat()) {
      const drops = batchesOfStatements(dropping);
      for await (const page of tasksOf(job.jobId))
        for (const task of page) for (const target of targetsOf(task)) drops.add(dropped(target, job));
      await drops.end();
      await execute([settledJob(job)]);
    }
  }

  async function minute(): Promise<void> {
    const endsAt = performance.now() + assignment.minuteMs;
    const pending = dispatcher();
    for (let shard = 0; shard < SHARDS; shard++)
      for await (const page of dueIn(TABLES.tasks, shard))
        for (const task of page) {
          if (performance.now() >= endsAt) return pending.end();
          pending.add(task);
          await pending.room();
        }
    await pending.end();
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
