import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { readAhead } from '../../functions/streams/read-ahead.ts';
import { logGroupsOf } from '../action-log/insights.ts';
import { readHistory } from '../action-log/read-changes.ts';
import type { Connection } from '../connection/connection.ts';
import type { Facts, ScheduleFacts } from './facts.ts';
import { probeWrites } from './probe-writes.ts';
import { readQueue } from './read-queue.ts';
import { readSchedules, refusedParts } from './read-schedules.ts';
import { createTaskTally } from './tally-tasks.ts';

/** What is asked about. */
export interface Subject {
  readonly jobId: bigint;
  readonly taskId?: bigint | undefined;
}

interface Asking {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Reads what an explanation of a job, or of one of its tasks, is made from; strongly consistent. */
export async function gatherFacts(
  connection: Connection,
  { jobId, taskId }: Subject,
  { now, signal }: Asking,
): Promise<Facts> {
  const { dynamo, tables, shards, sqs, inspector, checker } = connection;
  const reads = createTableReads({ dynamo, signal }, tables);
  const around = Promise.all([
    historyOf(connection, { jobId, taskId }, { now, signal }),
    readQueue(sqs, connection.queueUrl),
    readSchedules(connection),
  ]);

  const job = await readJob(reads, jobId);
  const tallied = createTaskTally(job, { now, shards });
  let task: TaskSighting<Task> | undefined;
  for await (const page of readAhead(reads.tasks.ofJob(jobId)))
    for (const sighting of page) {
      tallied.add(sighting);
      if (sighting.key.taskId === taskId) task = sighting;
    }
  const { survey, tally } = tallied.end();
  const targets = task && (await targetsOf(connection, task, reads));
  const [history, queue, schedules] = await around;

  // A write that changes nothing is still one: made only where something should have been written by now.
  const isLate = tally.worst?.condition.level === 'late' || isOverdue(job, now);
  const probe =
    task || tally.worst
      ? { table: 'tasks' as const, key: task?.key ?? { jobId, taskId: BigInt(tally.worst?.taskId ?? 0) } }
      : { table: 'jobs' as const, key: { jobId } };
  const writes =
    isLate && (task || survey.total > 0 || job !== 'missing')
      ? await probeWrites(dynamo, tables, { ...probe, key: { ...probe.key } })
      : ({ kind: 'unasked' } as const);

  return {
    now,
    shards,
    jobId,
    job,
    survey,
    tally,
    task,
    targets,
    queue,
    queueName: connection.queueUrl?.split('/').at(-1),
    inspectorSchedule: schedules.inspector,
    checkerSchedule: schedules.checker,
    writes,
    hasInspector: inspector.functionName !== undefined,
    hasChecker: checker.functionName !== undefined,
    ...(history?.text !== undefined && { history: history.text }),
    unread: [
      ...(history === undefined
        ? ['the action log (no --log-group)']
        : history.reason === undefined
          ? []
          : [`the action log (${history.reason})`]),
      ...(queue.kind === 'unnamed' ? ['the queue (no --queue-url)'] : []),
      ...unnamedSchedule('inspector', schedules.inspector),
      ...unnamedSchedule('checker', schedules.checker),
      ...refusedParts(queue, schedules),
    ],
  };
}

/** How far back the changes of a restore are counted: its own time limit, unless it has another. */
const HISTORY_MS = 24 * 60 * 60_000;

/** A log that does not answer leaves the rest to be explained. */
async function historyOf(
  connection: Connection,
  { jobId, taskId }: Subject,
  { now, signal }: Asking,
): Promise<{ readonly text?: string; readonly reason?: string } | undefined> {
  if (logGroupsOf(connection).length === 0) return undefined;
  const filter = { jobId: String(jobId), ...(taskId !== undefined && { taskId: String(taskId) }) };
  try {
    const counts = await readHistory(connection, filter, { from: now - HISTORY_MS, to: now }, signal);
    return { text: `${counts}, in 24 h` };
  } catch (error) {
    return { reason: describeError(error) };
  }
}

type Reads = ReturnType<typeof createTableReads>;

async function readJob({ jobs }: Reads, jobId: bigint): Promise<KnownJob> {
  const job = (await jobs.read([jobId])).get(jobId) ?? 'missing';
  if (job !== 'missing' && 'unread' in job) throw new TemporaryError(`job ${jobId}: ${job.unread}`);
  return job;
}

/** With every attribute: somebody wants to see whose they are. */
async function targetsOf(
  { dynamo, tables }: Connection,
  { reading }: TaskSighting<Task>,
  { segments }: Reads,
): Promise<ReadonlyMap<bigint, Item>> {
  if (!reading.ok) return new Map();
  const { found, unread } = await segments.read(reading.value.targetSegmentIds);
  for (const { key } of unread) {
    const Key = { segmentId: key };
    const { Item: item } = await dynamo.send(
      new GetCommand({ TableName: tables.segments, Key, ConsistentRead: true }),
    );
    if (item) found.set(key, item);
  }
  return found;
}

const isOverdue = (job: KnownJob, now: number): boolean =>
  job !== 'missing' && 'dueAt' in job && job.dueAt !== undefined && job.dueAt <= now;

const unnamedSchedule = (of: string, { kind }: ScheduleFacts): string[] =>
  kind === 'unnamed'
    ? [`the schedule of the ${of} (${of === 'inspector' ? 'no --schedule' : 'no --checker-schedule'})`]
    : [];
