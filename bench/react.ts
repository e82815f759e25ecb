import { setTimeout } from 'node:timers/promises';
import { styleText } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { columns } from '../cli/terminal/columns.ts';
import { eventSource, POLL_MS } from '../engines/event-source.ts';
import { startEngines } from '../engines/start-engines.ts';
import { openStream } from '../engines/table-stream.ts';
import { createWorld } from '../engines/world.ts';
import { createChecker } from '../functions/checker/checker.ts';
import { reactTo as checkerReactsTo } from '../functions/checker/reaction.ts';
import { WAKES_CHECKER_ON_TASKS } from '../functions/checker/wake-patterns.ts';
import { dueShardOf } from '../functions/copy-segment/due-index.ts';
import { packMappings } from '../functions/copy-segment/mappings.ts';
import type { TaskState } from '../functions/copy-segment/task.ts';
import { createInspector } from '../functions/inspector/inspector.ts';
import { reactTo } from '../functions/inspector/reaction.ts';
import { WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import { PRICES, priceOf } from './prices.ts';

/**
 * Measures how long after a write of others its consequence is there, through the stream and the filters that are
 * deployed: Pending → message, Failed → the last target Dropped, both one after the other and many at once; and counts
 * what it costs. The stream is polled as often as Lambda polls a shard.
 */
const SHARDS = 4;
const TARGETS_PER_TASK = 98;
const SINGLE = 200;
const BURST = 500;

/** Milvus' ids have 18 digits, and DynamoDB charges for digits. */
const JOB_ID = 449_271_430_000_000_001n;
const FIRST_TARGET_ID = 449_271_440_000_000_000n;
const FIRST_SOURCE_ID = 446_118_520_000_000_000n;

/** Requests without a time-out: a busy machine is to be slow, not to ask twice. */
const patient = { requestHandler: { requestTimeout: 0 } };

interface Run {
  readonly what: string;
  readonly count: number;
  readonly pauseMs: number;
  /** How the task comes into being, and what it becomes. */
  readonly from?: TaskState;
  readonly to: TaskState;
}

const RUNS: readonly Run[] = [
  { what: 'Pending → message, one by one', count: SINGLE, pauseMs: 60, to: 'Pending' },
  { what: 'Pending → message, at once', count: BURST, pauseMs: 0, to: 'Pending' },
  { what: 'Failed → Dropped, one by one', count: SINGLE, pauseMs: 60, from: 'InProgress', to: 'Failed' },
  { what: 'Failed → Dropped, at once', count: BURST, pauseMs: 0, from: 'InProgress', to: 'Failed' },
  { what: 'Completed → looked at, at once', count: BURST, pauseMs: 0, from: 'InProgress', to: 'Completed' },
];

const targetsOf = (taskId: number): bigint[] =>
  Array.from({ length: TARGETS_PER_TASK }, (_, index) => FIRST_TARGET_ID + BigInt(taskId * 1_000 + index));

const item = (taskId: number, state: TaskState) => ({
  jobId: JOB_ID,
  taskId: BigInt(taskId),
  collectionId: 7n,
  state,
  mappings: packMappings(
    targetsOf(taskId).map((targetSegmentId) => ({
      sourceSegmentId: targetSegmentId - FIRST_TARGET_ID + FIRST_SOURCE_ID,
      targetSegmentId,
      partitionId: 3n,
    })),
  ),
  taskVersion: state === 'Pending' ? 0 : 1,
  enqueueCount: state === 'Pending' ? 0 : 1,
  dueShard: dueShardOf(BigInt(taskId), SHARDS),
  ...(state !== 'Completed' && { dueAt: Date.now() + (state === 'InProgress' ? 600_000 : 0) }),
});

const percentile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);

const engines = await startEngines();

async function measure({ what, count, pauseMs, from, to }: Run): Promise<string[]> {
  const world = await createWorld(
    { dynamo: { ...engines.dynamo, ...patient }, sqs: { ...engines.sqs, ...patient } },
    { streams: true },
  );
  const taskIds = Array.from({ length: count }, (_, index) => index + 1);
  const writtenAt = new Map<number, number>();
  const tookMs = new Map<number, number>();
  const cost = { invocations: 0, ms: 0, requests: 0, readUnits: 0, writeUnits: 0, sends: 0 };
  const done = (taskId: number): void => {
    tookMs.set(taskId, performance.now() - (writtenAt.get(taskId) ?? Number.NaN));
  };
  try {
    await world.load([
      {
        table: 'jobs',
        item: {
          jobId: JOB_ID,
          state: 'Executing',
          collectionId: 7n,
          totalTasks: count,
          createdAt: 1,
          dueShard: 1,
        },
      },
    ]);
    if (from !== undefined)
      await world.load(taskIds.map((taskId) => ({ table: 'tasks', item: item(taskId, from) })));
    if (to === 'Failed')
      await world.load(
        taskIds.flatMap((taskId) =>
          targetsOf(taskId).map((segmentId) => ({
            table: 'segments' as const,
            item: { segmentId, state: 'Importing', isImporting: true, jobId: JOB_ID },
          })),
        ),
      );

    const inspector = createInspector({ ...world, shards: SHARDS, maxDrops: Number.POSITIVE_INFINITY });
    const checker = createChecker({ ...world, shards: SHARDS });
    const isChecker = to === 'Completed';
    const stream = await openStream(world.dynamo, engines.dynamo, world.tables.tasks);
    // What was there before.
    await stream.read();
    const source = eventSource(stream, {
      patterns: isChecker ? WAKES_CHECKER_ON_TASKS : WAKES_INSPECTOR_ON_TASKS,
      batchSize: 1_000,
      async invoke(event) {
        const startedAt = performance.now();
        const { report, response } = isChecker
          ? await checkerReactsTo(checker, event)
          : await reactTo(inspector, event, {
              onMessage: ({ body }) => done(Number(body.taskId)),
              onChange(change, { kind }) {
                if (kind === 'done' && change.table === 'segments')
                  done(Number(((change.key.segmentId as bigint) - FIRST_TARGET_ID) / 1_000n));
              },
            });
        if (isChecker)
          for (const { dynamodb } of event.Records) done(Number((dynamodb.Keys.taskId as { N: string }).N));
        cost.invocations++;
        cost.ms += performance.now() - startedAt;
        cost.requests += report.requests.total;
        cost.readUnits += report.capacity.readUnits;
        cost.writeUnits += report.capacity.writeUnits;
        cost.sends += report.requests.byOperation.SendMessageBatch ?? 0;
        return response;
      },
    });

    const write = async (): Promise<void> => {
      for (const taskId of taskIds) {
        await world.dynamo.send(new PutCommand({ TableName: world.tables.tasks, Item: item(taskId, to) }));
        writtenAt.set(taskId, performance.now());
        // No two at the same point of the poll.
        if (pauseMs > 0) await setTimeout(pauseMs * 2 * Math.random());
      }
    };
    const writing = write();
    while (tookMs.size < count) {
      await source.poll();
      await setTimeout(POLL_MS);
    }
    await writing;
    const woken = source.counts().invocations;
    await source.poll();
    if (source.counts().invocations !== woken) throw new Error('a reaction has woken another one');
    stream.close();

    const sorted = [...tookMs.values()].sort((a, b) => a - b);
    const dollars =
      priceOf({ ...cost, requests: { SendMessageBatch: cost.sends } }) +
      (cost.invocations * PRICES.lambdaRequests) / 1_000_000 +
      (cost.ms / 1_000) * PRICES.lambdaGbSeconds;
    return [
      what,
      count.toLocaleString('en'),
      percentile(sorted, 0.5),
      percentile(sorted, 0.99),
      String(cost.invocations),
      (cost.ms / cost.invocations).toFixed(0),
      (cost.requests / count).toFixed(2),
      (cost.readUnits / count).toFixed(2),
      (cost.writeUnits / count).toFixed(2),
      ((dollars / count) * 1_000_000).toFixed(2),
    ];
  } finally {
    await world.destroy();
  }
}

const HEAD = [
  'tasks',
  'median ms',
  '99 % ms',
  'woken',
  'ms each',
  'requests',
  'read',
  'write',
  '$ per million',
];

try {
  const rows: string[][] = [];
  for (const run of RUNS) rows.push(await measure(run));
  console.log(styleText('bold', 'From a write to its consequence, through the stream; costs per task'));
  console.log(columns(['', ...HEAD.map((count) => ({ count }))], rows).join('\n'));
} finally {
  await engines.stop();
}
