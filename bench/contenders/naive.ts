import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import pMap from 'p-map';
import { slices } from '../../functions/streams/slices.ts';
import type { Mapping } from '../../functions/submit/mapping-source.ts';
import { mappings, RESTORE } from '../data/restore.ts';
import { NOW } from '../data/rows.ts';
import { TABLES } from '../data/tables.ts';
import type { Assignment, Done } from './assignment.ts';
import { contend } from './contend.ts';
import { sdkConfig } from './sdk-config.ts';
import { unpack } from './unpack.ts';

/** Requests in flight at once: as many as the SDK keeps sockets. */
const IN_FLIGHT = 50;
const SEGMENTS_PER_TASK = 98;
/** The limit of AWS. */
const PUTS_PER_REQUEST = 25;

// biome-ignore lint/suspicious/noExplicitAny: items as the document client gives them
type Item = Record<string, any>;

/**
 * Milvus' loop written down with the AWS SDK, as one would who knows it: every job, every task of it, a message per
 * Pending task, a read and a conditional write per target of a failed one. The lesson that a Failed job drops the targets
 * of all its tasks is in it, so that it does what the others do; a marker of what is due is not.
 */
async function naivePort(assignment: Assignment): Promise<Done> {
  const config = sdkConfig(assignment);
  // Ids exceed 2^53.
  const wrapNumbers = (text: string): bigint | number => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(config), {
    unmarshallOptions: { wrapNumbers },
  });
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const inFlight = pLimit(IN_FLIGHT);
  const endsAt =
    assignment.work === 'minute' ? performance.now() + assignment.minuteMs : Number.POSITIVE_INFINITY;
  const isOver = (): boolean => performance.now() >= endsAt;

  async function inspect(): Promise<void> {
    const jobs: Item[] = [];
    for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName: TABLES.jobs }))
      jobs.push(...Items);
    jobs.sort((a, b) => (a.jobId < b.jobId ? -1 : 1));
    await pMap(jobs, inspectJob, { concurrency: IN_FLIGHT });
  }

  async function inspectJob(job: Item): Promise<void> {
    // A page of them at a time, or a large restore would be in memory as a whole.
    for await (const tasks of tasksOf(job))
      await pMap(tasks, (task) => inspectTask(job, task), { concurrency: IN_FLIGHT });
  }

  async function* tasksOf({ jobId }: Item): AsyncGenerator<Item[]> {
    let ExclusiveStartKey: Item | undefined;
    do {
      if (isOver()) return;
      const query = {
        TableName: TABLES.tasks,
        KeyConditionExpression: 'jobId = :jobId',
        ExpressionAttributeValues: { ':jobId': jobId },
      };
      const pages = paginateQuery(
        { client: dynamo },
        { ...query, ...(ExclusiveStartKey && { ExclusiveStartKey }) },
      );
      const { value } = await inFlight(() => pages.next());
      yield value?.Items ?? [];
      ExclusiveStartKey = value?.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  async function inspectTask(job: Item, task: Item): Promise<void> {
    if (isOver()) return;
    if (task.state === 'Pending' && isRunning(job)) await inFlight(() => send(task, 'pending'));
    if (task.state === 'InProgress' && isRunning(job) && assignment.work === 'recover')
      await inFlight(() => send(task, 'recovery'));
    if (task.state === 'Failed' || job.state === 'Failed') {
      const reason = task.reason ?? job.reason;
      await pMap(targetsOf(task), (target) => drop(target, reason), { concurrency: IN_FLIGHT });
    }
  }

  const isRunning = ({ state }: Item): boolean => state !== 'Completed' && state !== 'Failed';

  const send = ({ jobId, taskId, collectionId, taskVersion }: Item, reason: string) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl: assignment.queueUrl,
        MessageGroupId: String(jobId),
        MessageBody: JSON.stringify({
          schema: 1,
          jobId: String(jobId),
          taskId: String(taskId),
          collectionId: String(collectionId),
          taskVersion: Number(taskVersion),
          attempt: 1,
          reason,
          enqueuedAt: NOW,
        }),
      }),
    );

  async function drop(segmentId: bigint, dropReason: string): Promise<void> {
    const Key = { segmentId };
    const { Item: segment } = await inFlight(() =>
      dynamo.send(new GetCommand({ TableName: TABLES.segments, Key })),
    );
    if (segment === undefined || segment.state === 'Dropped') return;
    await change(TABLES.segments, Key, segment.state, {
      state: 'Dropped',
      isImporting: false,
      droppedAt: NOW,
      dropReason,
    });
  }

  /** A write on the condition that the item is still in the state that was read. */
  async function change(TableName: string, Key: Item, state: string, set: Item): Promise<void> {
    const names = Object.keys(set);
    const update = new UpdateCommand({
      TableName,
      Key,
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ConditionExpression: '#is = :is',
      ExpressionAttributeNames: {
        '#is': 'state',
        ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: {
        ':is': state,
        ...Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
      },
    });
    try {
      await inFlight(() => dynamo.send(update));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async function publish(): Promise<void> {
    const Key = { jobId: RESTORE.jobId };
    const { Item: job } = await dynamo.send(new GetCommand({ TableName: TABLES.jobs, Key }));
    if (job === undefined) throw new Error('no job');
    const tasks = (await Array.fromAsync(tasksOf(job))).flat();
    if (tasks.some(({ state }) => state !== 'Completed')) return;
    await change(TABLES.jobs, Key, 'Executing', { state: 'Publishing' });
    await pMap(tasks.flatMap(targetsOf), flush, { concurrency: IN_FLIGHT });
    await change(TABLES.jobs, Key, 'Publishing', { state: 'Completed', completedAt: NOW });
  }

  async function flush(segmentId: bigint): Promise<void> {
    const Key = { segmentId };
    const { Item: segment } = await inFlight(() =>
      dynamo.send(new GetCommand({ TableName: TABLES.segments, Key })),
    );
    if (segment?.state !== 'Importing') return;
    await change(TABLES.segments, Key, 'Importing', {
      state: 'Flushed',
      isImporting: false,
      publishedAt: NOW,
    });
  }

  async function submit(): Promise<void> {
    const { jobId, collectionId } = RESTORE;
    await put(TABLES.jobs, { ...RESTORE, state: 'Pending', createdAt: NOW });
    await pMap(tasksToSubmit(), submitTask, { concurrency: IN_FLIGHT });
    await change(TABLES.jobs, { jobId }, 'Pending', { state: 'Executing' });

    function* tasksToSubmit(): Generator<{ taskId: bigint; batch: Mapping[] }> {
      let batch: Mapping[] = [];
      let taskId = 1n;
      for (const mapping of mappings(assignment.segments)) {
        batch.push(mapping);
        if (batch.length < SEGMENTS_PER_TASK) continue;
        yield { taskId: taskId++, batch };
        batch = [];
      }
      if (batch.length > 0) yield { taskId, batch };
    }

    async function submitTask({ taskId, batch }: { taskId: bigint; batch: Mapping[] }): Promise<void> {
      const segments = batch.map(({ targetSegmentId: segmentId, ...mapping }) => ({
        segmentId,
        ...mapping,
        collectionId,
        jobId,
        state: 'Importing',
        isImporting: true,
      }));
      await pMap(slices(segments, PUTS_PER_REQUEST), (items) => putAll(TABLES.segments, items));
      const idMappings = batch.map(({ numOfRows: _, ...mapping }) => mapping);
      const fresh = { state: 'Pending', taskVersion: 0, createdAt: NOW };
      await put(TABLES.tasks, { jobId, taskId, collectionId, ...fresh, idMappings });
    }
  }

  async function putAll(table: string, items: readonly Item[]): Promise<void> {
    let requests: NonNullable<BatchWriteCommandInput['RequestItems']>[string] = items.map((Item) => ({
      PutRequest: { Item },
    }));
    while (requests.length > 0) {
      const RequestItems = { [table]: requests };
      const { UnprocessedItems = {} } = await inFlight(() =>
        dynamo.send(new BatchWriteCommand({ RequestItems })),
      );
      requests = UnprocessedItems[table] ?? [];
    }
  }

  const put = (TableName: string, item: Item) =>
    inFlight(() => dynamo.send(new PutCommand({ TableName, Item: item })));

  const { work } = assignment;
  await (work === 'submit' ? submit() : work === 'check' ? publish() : inspect());
  return {};
}

/** In either form. */
function targetsOf({ idMappings, mappings: compact }: Item): bigint[] {
  if (idMappings) return idMappings.map(({ targetSegmentId }: Item) => targetSegmentId);
  return unpack(compact).map(([, target]) => target);
}

await contend(naivePort);
