import pMap from 'p-map';
import { CONCURRENCY } from '../../functions/aws/metered-clients.ts';
import { queryPages, readItems, scanPages } from '../../functions/aws/reads.ts';
import { DUE_INDEX } from '../../functions/copy-segment/due-index.ts';
import { compareIds, type RawId } from '../../functions/copy-segment/ids.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, isRunning, isUnsettledFailure, readJob } from '../../functions/copy-segment/job.ts';
import { readIndexedTask, sightTask, type TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import type { Connection } from '../connection/connection.ts';
import { isWorse } from '../explain/condition.ts';
import { conditionOfJob } from '../explain/job-condition.ts';
import { conditionOfTask, type Moment, type TaskCondition } from '../explain/task-condition.ts';
import type { Due, JobStatus, Pending } from './status.ts';

/** What jobs and unfinished tasks come to. */
export interface JobsRead {
  readonly jobs: readonly JobStatus[];
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly due: Due;
  readonly pending: Pending;
  readonly nodes: Readonly<Record<string, number>>;
  /** Leases whose holder was not read. */
  readonly nodesOmitted: number;
}

/** The holders of more leases than these are not looked up. */
const MAX_LEASES_READ = 1_000;

/**
 * Jobs from their table, unfinished tasks from the `due` index: what is done is not read, but taken from the counters on
 * the job. Costs what is unfinished.
 */
export async function readJobs(
  { dynamo, tables, shards }: Connection,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<JobsRead> {
  const access = { dynamo, signal };
  const moment = { now, shards };
  const known = new Map<RawId, JobInProgress>();
  const jobsByState: Record<string, number> = {};
  let oldest: number | undefined;
  const noteDue = (dueAt: number | undefined): boolean => {
    if (dueAt === undefined || dueAt > now) return false;
    oldest = Math.min(oldest ?? dueAt, dueAt);
    return true;
  };
  let dueJobs = 0;

  const scan = { TableName: tables.jobs, ConsistentRead: true };
  for await (const { items } of scanPages(access, scan))
    for (const item of items) {
      const reading = readJob(item);
      const job: KnownJob = reading.ok ? reading.value : { unreadable: reading.reason, raw: item };
      const state = isJob(job) ? job.state : 'unreadable';
      jobsByState[state] = (jobsByState[state] ?? 0) + 1;
      if (noteDue(numberOf(item.dueAt))) dueJobs++;
      if (!isJob(job) || isRunning(job) || isUnsettledFailure(job))
        known.set(item.jobId as RawId, createJobInProgress(item.jobId as RawId, job, moment));
    }

  const pending = { neverSent: 0, inQueue: 0, overdue: 0 };
  const leases: TaskSighting['key'][] = [];
  let dueTasks = 0;
  const judge = (sighting: TaskSighting): void => {
    const { key, reading } = sighting;
    const job = known.get(key.jobId) ?? createJobInProgress(key.jobId, 'missing', moment);
    known.set(key.jobId, job);
    const { kind } = job.add(sighting);
    if (noteDue(numberOf(sighting.raw.dueAt))) dueTasks++;
    if (kind === 'neverSent' || kind === 'inQueue' || kind === 'overdue') pending[kind]++;
    if (reading.ok && reading.value.state === 'InProgress') leases.push(key);
  };
  const unknown = new Map<RawId, TaskSighting[]>();
  await pMap(
    Array.from({ length: shards }, (_, shard) => shard),
    async (shard) => {
      const pages = queryPages(access, {
        TableName: tables.tasks,
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'dueShard = :shard',
        ExpressionAttributeValues: { ':shard': shard },
      });
      for await (const page of pages)
        for (const item of page) {
          const sighting = sightTask(item, readIndexedTask);
          if (known.has(sighting.key.jobId)) judge(sighting);
          else unknown.set(sighting.key.jobId, [...(unknown.get(sighting.key.jobId) ?? []), sighting]);
        }
    },
    { concurrency: CONCURRENCY },
  );
  // Tasks of jobs that are over, or missing, or newer than the scan.
  const others = await readItems(
    access,
    tables.jobs,
    [...unknown.keys()].map((jobId) => ({ jobId })),
  );
  for (const item of others.found) {
    const reading = readJob(item);
    const job: KnownJob = reading.ok ? reading.value : { unreadable: reading.reason, raw: item };
    known.set(item.jobId as RawId, createJobInProgress(item.jobId as RawId, job, moment));
  }
  for (const sightings of unknown.values()) sightings.forEach(judge);

  const held = leases.slice(0, MAX_LEASES_READ).map(({ jobId, taskId }) => ({ jobId, taskId }));
  const { found } = await readItems(access, tables.tasks, held, ['jobId', 'taskId', 'nodeId']);
  const nodes: Record<string, number> = {};
  for (const { nodeId } of found) {
    const name = typeof nodeId === 'string' ? nodeId : 'unnamed';
    nodes[name] = (nodes[name] ?? 0) + 1;
  }
  return {
    jobs: [...known]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([, job]) => job.status())
      .filter(({ condition, worst }) => condition.level !== 'fine' || worst !== undefined),
    jobsByState,
    due: { tasks: dueTasks, jobs: dueJobs, oldest },
    pending,
    nodes,
    nodesOmitted: leases.length - held.length,
  };
}

interface JobInProgress {
  add(sighting: TaskSighting): TaskCondition;
  status(): JobStatus;
}

function createJobInProgress(jobId: RawId, job: KnownJob, moment: Moment): JobInProgress {
  let worst: TaskCondition | undefined;
  let count = 0;
  return {
    add(sighting) {
      const condition = conditionOfTask(sighting, job, moment);
      if (worst === undefined || isWorse(condition.level, worst.level)) {
        worst = condition;
        count = 0;
      }
      if (condition.kind === worst.kind) count++;
      return condition;
    },
    status: () => ({
      jobId: String(jobId),
      state: job === 'missing' ? 'missing' : isJob(job) ? job.state : 'unreadable',
      ...progressOf(job === 'missing' ? {} : job.raw),
      condition: conditionOfJob(job, undefined, moment),
      worst: worst && { condition: worst, count },
    }),
  };
}

/** As its counters have it: nobody decides by them, and they may lag behind. */
const progressOf = (raw: Item): Pick<JobStatus, 'tasks' | 'segments'> => ({
  tasks: { done: numberOf(raw.completedTasks) ?? 0, of: numberOf(raw.totalTasks) },
  segments: { done: numberOf(raw.completedSegments) ?? 0, of: numberOf(raw.totalSegments) },
});

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
