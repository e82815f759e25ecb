import { shardToKeep } from '../copy-segment/due-index.ts';
import { compareIds } from '../copy-segment/ids.ts';
import { type Job, type JobLookup, readJob } from '../copy-segment/job.ts';
import type { AwsCalls } from './aws-calls.ts';
import {
  type ConditionalUpdate,
  is,
  isMissing,
  updateEach,
  type WriteOutcome,
} from './conditional-update.ts';
import { dueItems, readItems, scanPages } from './read-items.ts';

/** A job that the index says is due. */
export interface DueJob {
  readonly jobId: bigint;
  readonly dueAt: number;
}

export interface JobReads {
  /** Jobs due in a shard of the index, the longest due first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly DueJob[]>;
  /** What there is under each id, strongly consistent. */
  read(jobIds: readonly bigint[]): Promise<Map<bigint, JobLookup>>;
  /**
   * The smallest `limit` job ids from `from` on that a job or a task has, ascending: a task whose job is
   * missing is found too. Tables are partitioned by hash, so each call scans both; memory stays at `limit`.
   */
  smallestIds(from: bigint, limit: number): Promise<bigint[]>;
}

/** Each write holds on the condition that the job is in the state that was read. None of them throws. */
export interface JobWrites {
  settle(job: Job, now: number): Promise<WriteOutcome>;
  rest(job: Job): Promise<WriteOutcome>;
  schedule(job: Job, dueAt: number): Promise<WriteOutcome>;
}

export type JobStore = JobReads & JobWrites;

export function createJobStore(
  calls: AwsCalls,
  tables: { readonly jobs: string; readonly tasks: string },
  shards: number,
): JobStore {
  const update = async (job: Job, change: Partial<ConditionalUpdate>): Promise<WriteOutcome> => {
    const where = [is('jobId', job.jobId), is('state', job.state), ...(change.where ?? [])];
    const [outcome] = await updateEach(calls, [{ ...change, table: tables.jobs, where }]);
    return outcome as WriteOutcome;
  };

  return {
    async *due(shard, now) {
      for await (const page of dueItems(calls, tables.jobs, shard, now))
        yield page.map((item) => ({ jobId: item.jobId as bigint, dueAt: Number(item.dueAt) }));
    },

    async read(jobIds) {
      const lookups = new Map<bigint, JobLookup>(jobIds.map((jobId) => [jobId, 'missing']));
      const items = await readItems(
        calls,
        tables.jobs,
        jobIds.map((jobId) => ({ jobId })),
      );
      for (const item of items) {
        const reading = readJob(item);
        lookups.set(item.jobId as bigint, reading.ok ? reading.value : { unreadable: reading.reason });
      }
      return lookups;
    },

    async smallestIds(from, limit) {
      let smallest = new Set<bigint>();
      let bound: bigint | undefined;
      const keep = (): void => {
        const sorted = [...smallest].sort(compareIds).slice(0, limit);
        if (sorted.length === limit) bound = sorted.at(-1);
        smallest = new Set(sorted);
      };
      for (const table of [tables.jobs, tables.tasks]) {
        const pages = scanPages(calls, {
          TableName: table,
          ProjectionExpression: 'jobId',
          FilterExpression: 'jobId >= :from',
          ExpressionAttributeValues: { ':from': from },
        });
        for await (const page of pages) {
          for (const { jobId } of page as readonly { jobId: bigint }[]) {
            if (bound === undefined || jobId <= bound) smallest.add(jobId);
            if (smallest.size >= 2 * limit) keep();
          }
        }
      }
      keep();
      return [...smallest];
    },

    settle: (job, now) =>
      update(job, {
        set: { segmentsDroppedAt: now },
        remove: 'dueAt',
        where: [isMissing('segmentsDroppedAt')],
      }),

    rest: (job) => update(job, { remove: 'dueAt' }),

    schedule: (job, dueAt) => {
      const dueShard = shardToKeep(job.jobId, job.dueShard, shards);
      return update(job, { set: { dueShard: dueShard === job.dueShard ? undefined : dueShard, dueAt } });
    },
  };
}
