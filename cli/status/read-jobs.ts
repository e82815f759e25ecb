import pMap from 'p-map';
import { CONCURRENCY } from '../../functions/aws/metered-clients.ts';
import { queryPages, readItems, scanPages } from '../../functions/aws/reads.ts';
import { createTableReads } from '../../functions/aws/table-reads.ts';
import { DUE_INDEX } from '../../functions/copy-segment/due-index.ts';
import { compareIds, type RawId } from '../../functions/copy-segment/ids.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, isRunning, isUnsettledFailure, readJob } from '../../functions/copy-segment/job.ts';
import { readIndexedTask, sightTask, type TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import type { Connection } from '../connection/connection.ts';
import { countOf } from '../terminal/count-of.ts';
import { createJobInProgress, type JobInProgress, numberOf } from './job-in-progress.ts';
import { lookCloser } from './look-closer.ts';
import type { Due, JobStatus, Pending } from './status.ts';

/** What jobs and unfinished tasks come to. */
export interface JobsRead {
  readonly jobs: readonly JobStatus[];
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly due: Due;
  readonly pending: Pending;
  readonly nodes: Readonly<Record<string, number>>;
  /** What could not be read, or was left, and why. */
  readonly notRead: readonly string[];
}

/** The holders of more leases than these are not looked up. */
const MAX_LEASES_READ = 1_000;

/**
 * Jobs from their table, unfinished tasks from the `due` index: what is done is not read, but taken from the counters on
 * the job. Costs what is unfinished, and the tasks of jobs where that does not add up.
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
      const job = knownJob(item);
      const state = isJob(job) ? job.state : 'unreadable';
      jobsByState[state] = (jobsByState[state] ?? 0) + 1;
      if (noteDue(numberOf(item.dueAt))) dueJobs++;
      if (!isJob(job) || isRunning(job) || isUnsettledFailure(job))
        known.set(item.jobId as RawId, createJobInProgress(item.jobId as RawId, job, moment));
    }

  const pending = { neverSent: 0, inQueue: 0, overdue: 0 };
  const held: Pick<TaskSighting['key'], 'jobId' | 'taskId'>[] = [];
  let leases = 0;
  let dueTasks = 0;
  const judge = (sighting: TaskSighting): void => {
    const { key, reading } = sighting;
    if (noteDue(numberOf(sighting.raw.dueAt))) dueTasks++;
    if (reading.ok && reading.value.state === 'InProgress') {
      leases++;
      if (held.length < MAX_LEASES_READ) held.push({ jobId: key.jobId, taskId: key.taskId });
    }
    const kind = known.get(key.jobId)?.add(sighting).kind;
    if (kind === 'neverSent' || kind === 'inQueue' || kind === 'overdue') pending[kind]++;
  };

  const unreadJobs = new Map<RawId, string>();
  const lookUp = async (jobIds: readonly RawId[]): Promise<void> => {
    const { found, unread } = await readItems(
      access,
      tables.jobs,
      jobIds.map((jobId) => ({ jobId })),
    );
    for (const { key, reason } of unread) unreadJobs.set(key.jobId, reason);
    const jobs = new Map(found.map((item) => [item.jobId as RawId, knownJob(item)]));
    for (const jobId of jobIds)
      if (!unreadJobs.has(jobId))
        known.set(jobId, createJobInProgress(jobId, jobs.get(jobId) ?? 'missing', moment));
  };
  /** By job that was not in the scan: one that is over, missing, or newer. Each is looked up once, for all shards. */
  const lookUps = new Map<RawId, Promise<void>>();
  await pMap(
    Array.from({ length: shards }, (_, shard) => shard),
    async (shard) => {
      const pages = queryPages(access, {
        TableName: tables.tasks,
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'dueShard = :shard',
        ExpressionAttributeValues: { ':shard': shard },
      });
      // A page at a time: a thousand jobs that are over may have left a million tasks behind.
      for await (const page of pages) {
        const sightings = page.map((item) => sightTask(item, readIndexedTask));
        const unknown = [...new Set(sightings.map(({ key }) => key.jobId))].filter(
          (jobId) => !known.has(jobId),
        );
        const unasked = unknown.filter((jobId) => !lookUps.has(jobId));
        const lookingUp = lookUp(unasked);
        for (const jobId of unasked) lookUps.set(jobId, lookingUp);
        await Promise.all(unknown.map((jobId) => lookUps.get(jobId)));
        for (const sighting of sightings) judge(sighting);
      }
    },
    { concurrency: CONCURRENCY },
  );

  const { found } = await readItems(access, tables.tasks, held, ['jobId', 'taskId', 'nodeId']);
  const nodes: Record<string, number> = {};
  for (const { nodeId } of found) {
    const name = typeof nodeId === 'string' ? nodeId : 'unnamed';
    nodes[name] = (nodes[name] ?? 0) + 1;
  }
  const inDoubt = new Map(
    [...known].filter(([, job]) => job.isInDoubt()).sort(([a], [b]) => compareIds(a, b)),
  );
  const exact = await lookCloser(createTableReads(access, tables), inDoubt, moment);
  const [reason] = unreadJobs.values();
  return {
    jobs: [...known]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([jobId, job]) => exact.get(jobId) ?? job.status())
      .filter(({ condition, worst }) => condition.level !== 'fine' || worst !== undefined),
    jobsByState,
    due: { tasks: dueTasks, jobs: dueJobs, oldest },
    pending,
    nodes,
    notRead: [
      ...(unreadJobs.size > 0
        ? [`${countOf(unreadJobs.size, 'job')} of tasks in the index (${reason})`]
        : []),
      ...(inDoubt.size > exact.size
        ? [
            `tasks outside of the index of ${countOf(inDoubt.size - exact.size, 'more job')}: audit reads them`,
          ]
        : []),
      ...(leases > found.length ? [`the holders of ${leases - found.length} more leases`] : []),
    ],
  };
}

function knownJob(item: Item): KnownJob {
  const reading = readJob(item);
  return reading.ok ? reading.value : { unreadable: reading.reason, raw: item };
}
