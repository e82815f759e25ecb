import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import type { Survey } from '../../functions/checker/survey.ts';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { readAhead } from '../../functions/streams/read-ahead.ts';
import { logGroupsOf } from '../action-log/insights.ts';
import { readHistory } from '../action-log/read-changes.ts';
import type { Connection } from '../connection/connection.ts';
import { isWorse } from './condition.ts';
import type { Segments } from './drop-postponed.ts';
import type { Facts, QueueFacts, ScheduleFacts, WorstTask } from './facts.ts';
import { seeTargets, type TargetsSeen } from './flaw-of-targets.ts';
import { withMessage } from './message-lost.ts';
import { probeWrites } from './probe-writes.ts';
import { readLastFailure } from './read-last-failure.ts';
import { readQueue } from './read-queue.ts';
import { readSchedules, refusedParts } from './read-schedules.ts';
import { type Candidate, createTaskTally, type Tallied, worstTask } from './tally-tasks.ts';
import { conditionOfTask } from './task-condition.ts';

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

  const job = await readJob(connection, reads, jobId);
  const tallied = createTaskTally(job, { now, shards });
  let task: TaskSighting<Task> | undefined;
  await ofTable(tables.tasks, async () => {
    for await (const page of readAhead(reads.tasks.ofJob(jobId)))
      for (const sighting of page) {
        tallied.add(sighting);
        if (sighting.key.taskId === taskId) task = sighting;
      }
  });
  const ended = tallied.end();
  const { survey } = ended;
  const targets = task && (await targetsOf(connection, task, reads));
  const [history, queue, schedules] = await around;
  // A task that is Completed has done its part: what it waits for is its job.
  const isOfJob = task === undefined || (task.reading.ok && task.reading.value.state === 'Completed');
  const { worst, unread } = isOfJob
    ? await lookCloser(connection, reads, job, ended, { queue, now })
    : { worst: ended.worst && worstTask(ended.worst), unread: [] };
  const tally = { ...ended.tally, worst };

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

  const failure = isLate ? await readLastFailure(connection, jobId, now) : undefined;

  return {
    now,
    shards,
    jobId,
    job,
    survey,
    tally,
    task,
    targets,
    submittedAt: submittedAt(job, ended.lastCreatedAt),
    queue,
    queueName: connection.queueUrl?.split('/').at(-1),
    inspectorSchedule: schedules.inspector,
    checkerSchedule: schedules.checker,
    writes,
    ...(failure?.text !== undefined && { lastPass: failure.text }),
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
      ...(failure?.reason === undefined ? [] : [`the last pass (${failure.reason})`]),
      ...(writes.kind === 'denied' ? ['whether the table takes writes (no right to write from here)'] : []),
      ...(taskId === undefined ? unread : []),
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

async function readJob({ tables }: Connection, { jobs }: Reads, jobId: bigint): Promise<KnownJob> {
  const job = await ofTable(tables.jobs, async () => (await jobs.read([jobId])).get(jobId) ?? 'missing');
  if (job === 'missing' || !('unread' in job)) return job;
  throw new TemporaryError(`job ${jobId}, in the table ${tables.jobs}: ${job.unread}`);
}

/** An error names the table that it came from: the SDK's does not. */
export async function ofTable<T>(table: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw new TemporaryError(`the table ${table}: ${describeError(error)}`, { cause: error });
  }
}

/** Its target segments that exist. */
async function targetsOf(
  { dynamo, tables }: Connection,
  { reading }: TaskSighting<Task>,
  { segments }: Reads,
): Promise<Segments> {
  if (!reading.ok) return new Map();
  const { targetSegmentIds } = reading.value;
  return ofTable(tables.segments, async () => {
    const { found, unread } = await segments.read(targetSegmentIds);
    for (const { key } of unread) {
      const Key = { segmentId: key };
      const { Item: item } = await dynamo.send(
        new GetCommand({ TableName: tables.segments, Key, ConsistentRead: true }),
      );
      if (item) found.set(key, item);
    }
    return found;
  });
}

/**
 * The task that holds a job up the most, looked at with what only costs for one of them: its targets, and whether its
 * message is still there.
 */
async function lookCloser(
  connection: Connection,
  reads: Reads,
  job: KnownJob,
  { survey, worst, sentFirst }: Tallied,
  { queue, now }: { readonly queue: QueueFacts; readonly now: number },
): Promise<{ readonly worst: WorstTask | undefined; readonly unread: readonly string[] }> {
  const seen = job !== 'missing' && isJob(job) ? await seeTargets(reads.segments, job, survey) : undefined;
  const suspect = withoutMessage(sentFirst, queue, now) ?? worst;
  const first = worst && isWorse(worst.condition.level, 'waiting') ? worst : suspect;
  let found = first;
  if (first && first.condition.level !== 'fine' && first.sighting.reading.ok) {
    const { sighting } = first;
    const targets = await targetsOf(connection, sighting, reads);
    const condition = conditionOfTask(sighting, job, { now, shards: connection.shards }, targets);
    found = { sighting, condition: withMessage(condition, sighting.raw, queue, now) };
  }
  const isFlawWorse = seen?.flaw && found?.condition.level !== 'stuck';
  return {
    worst: isFlawWorse
      ? { taskId: String(seen.flaw?.taskId), condition: (seen.flaw as Flaw).condition }
      : found && worstTask(found),
    unread: unreadTargets(seen, found !== first ? found : undefined, survey),
  };
}

type Flaw = NonNullable<TargetsSeen['flaw']>;

function withoutMessage(sent: Candidate | undefined, queue: QueueFacts, now: number): Candidate | undefined {
  const condition = sent && withMessage(sent.condition, sent.sighting.raw, queue, now);
  return condition?.kind === 'messageLost' ? sent : undefined;
}

function unreadTargets(
  seen: TargetsSeen | undefined,
  lookedAt: Candidate | undefined,
  { distinctTargets }: Survey,
): string[] {
  if (seen) return seen.read < seen.of ? [`${seen.of - seen.read} of the targets that are left`] : [];
  const others = distinctTargets - (lookedAt ? targetCount(lookedAt) : 0);
  if (lookedAt && others <= 0) return [];
  return [
    lookedAt
      ? `the target segments but those of task ${lookedAt.sighting.key.taskId}`
      : 'the target segments (explain JOB/TASK reads those of a task)',
  ];
}

const targetCount = ({ sighting: { reading } }: Candidate): number =>
  reading.ok ? reading.value.targetSegmentIds.length : 0;

/** When the submit of a job last wrote, as far as it can be read. */
export function submittedAt(job: KnownJob, lastCreatedAt: number | undefined): number | undefined {
  const createdAt = job !== 'missing' && isJob(job) ? job.raw.createdAt : undefined;
  const times = [lastCreatedAt, typeof createdAt === 'bigint' ? Number(createdAt) : undefined];
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

const isOverdue = (job: KnownJob, now: number): boolean =>
  job !== 'missing' && 'dueAt' in job && job.dueAt !== undefined && job.dueAt <= now;

const unnamedSchedule = (of: string, { kind }: ScheduleFacts): string[] =>
  kind === 'unnamed'
    ? [`the schedule of the ${of} (${of === 'inspector' ? 'no --schedule' : 'no --checker-schedule'})`]
    : [];
