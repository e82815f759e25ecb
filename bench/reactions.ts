import { setTimeout } from 'node:timers/promises';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type EventSourceOptions, eventSource, POLL_MS } from '../engines/event-source.ts';
import { type Engines, startEngines } from '../engines/start-engines.ts';
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
import { WAKES_INSPECTOR_ON_JOBS, WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import { PRICES, priceOf } from './prices.ts';
import type { ReactionRun } from './reaction-runs.ts';

/**
 * Measures how long after a write of others its consequence is there, through the stream and the filters that are
 * deployed: Pending → message, Failed → the last target Dropped, both one after the other and many at once; and counts
 * what it costs. The stream is polled as often as Lambda polls a shard.
 */
const SHARDS = 4;
/** As deployed. */
const BATCH_SIZE = 1_000;
const TARGETS_PER_TASK = 98;

/** Milvus' ids have 18 digits, and DynamoDB charges for digits. */
const JOB_ID = 449_271_430_000_000_001n;
const FIRST_TARGET_ID = 449_271_440_000_000_000n;
const FIRST_SOURCE_ID = 446_118_520_000_000_000n;

/** Requests without a time-out: a busy machine is to be slow, not to ask twice. */
const patient = { requestHandler: { requestTimeout: 0 } };

/** What it took from a write of others to its consequence; what it cost is per task. */
export interface Reaction {
  readonly what: string;
  readonly tasks: number;
  readonly medianMs: number;
  readonly percentile99Ms: number;
  readonly invocations: number;
  readonly msPerInvocation: number;
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Of DynamoDB, SQS and Lambda. */
  readonly dollars: number;
}

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

const percentile = (sorted: readonly number[], share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);

/** @throws if a function was woken by anything but the writes that are to wake it */
export async function measureReactions(
  runs: readonly ReactionRun[],
  onReaction: (reaction: Reaction) => void,
): Promise<Reaction[]> {
  if (runs.length === 0) return [];
  const engines = await startEngines();
  try {
    const reactions: Reaction[] = [];
    for (const run of runs) {
      const reaction = await measureRun(engines, run);
      onReaction(reaction);
      reactions.push(reaction);
    }
    return reactions;
  } finally {
    await engines.stop();
  }
}

async function measureRun(
  engines: Engines,
  { what, size: count, pauseMs, from, to }: ReactionRun,
): Promise<Reaction> {
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
    const react: EventSourceOptions['invoke'] = async (event) => {
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
    };
    const mapping = async (table: 'tasks' | 'jobs', patterns: readonly unknown[], invoke: typeof react) => {
      const stream = await openStream(world.dynamo, engines.dynamo, world.tables[table]);
      // What was there before.
      await stream.read();
      return { stream, source: eventSource(stream, { patterns, batchSize: BATCH_SIZE, invoke }) };
    };
    // The others are counted and not invoked: with the first task that fails, a checker would fail the job.
    const none = async () => ({ batchItemFailures: [] });
    const mappings = [
      {
        whose: 'the inspector on Tasks',
        wanted: isChecker ? 0 : count,
        ...(await mapping('tasks', WAKES_INSPECTOR_ON_TASKS, isChecker ? none : react)),
      },
      {
        whose: 'the checker on Tasks',
        wanted: to === 'Pending' ? 0 : count,
        ...(await mapping('tasks', WAKES_CHECKER_ON_TASKS, isChecker ? react : none)),
      },
      {
        whose: 'the inspector on Jobs',
        wanted: 0,
        ...(await mapping('jobs', WAKES_INSPECTOR_ON_JOBS, none)),
      },
    ];
    const poll = async (): Promise<number> => {
      let read = 0;
      for (const { source } of mappings) read += await source.poll();
      return read;
    };

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
      await poll();
      await setTimeout(POLL_MS);
    }
    await writing;
    while ((await poll()) > 0);
    for (const { whose, wanted, source, stream } of mappings) {
      stream.close();
      const { matched } = source.counts();
      if (matched !== wanted)
        throw new Error(`${what}: ${matched} records wake ${whose}, and ${wanted} are to`);
    }

    const sorted = [...tookMs.values()].sort((a, b) => a - b);
    const dollars =
      priceOf({ ...cost, requests: { SendMessageBatch: cost.sends } }) +
      (cost.invocations * PRICES.lambdaRequests) / 1_000_000 +
      (cost.ms / 1_000) * PRICES.lambdaGbSeconds;
    return {
      what,
      tasks: count,
      medianMs: percentile(sorted, 0.5),
      percentile99Ms: percentile(sorted, 0.99),
      invocations: cost.invocations,
      msPerInvocation: Math.round(cost.ms / cost.invocations),
      requests: cost.requests / count,
      readUnits: cost.readUnits / count,
      writeUnits: cost.writeUnits / count,
      dollars: dollars / count,
    };
  } finally {
    await world.destroy();
  }
}
