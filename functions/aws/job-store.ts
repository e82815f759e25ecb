import { shardToKeep } from '../copy-segment/due-index.ts';
import { compareIds } from '../copy-segment/ids.ts';
import { type Job, type JobLookup, readJob } from '../copy-segment/job.ts';
import type { JobStore, WriteOutcome } from '../copy-segment/stores.ts';
import type { AwsClients } from './metered-clients.ts';
import { dueItems, readItems, scanPages } from './reads.ts';
import { type ConditionalUpdate, is, isMissing, updateEach } from './update-each.ts';

/** Tasks fill gigabytes when there are a million of them; four readers are done in a quarter of the time. */
const SCAN_SEGMENTS = 4;

export function createJobStore(
  clients: AwsClients,
  tables: { readonly jobs: string; readonly tasks: string },
  shards: number,
): JobStore {
  const update = async (job: Job, change: Partial<ConditionalUpdate>): Promise<WriteOutcome> => {
    const where = [is('jobId', job.jobId), is('state', job.state), ...(change.where ?? [])];
    const [outcome] = await updateEach(clients, [{ ...change, table: tables.jobs, where }]);
    return outcome as WriteOutcome;
  };

  return {
    async *due(shard, now) {
      for await (const page of dueItems(clients, tables.jobs, shard, now))
        yield page.map((item) => ({ jobId: item.jobId as bigint, dueAt: Number(item.dueAt) }));
    },

    async read(jobIds) {
      const lookups = new Map<bigint, JobLookup>(jobIds.map((jobId) => [jobId, 'missing']));
      const items = await readItems(
        clients,
        tables.jobs,
        jobIds.map((jobId) => ({ jobId })),
      );
      for (const item of items) {
        const reading = readJob(item);
        lookups.set(item.jobId as bigint, reading.ok ? reading.value : { unreadable: reading.reason });
      }
      return lookups;
    },

    async idsAfter(after, limit) {
      let smallest = new Set<bigint>();
      let bound: bigint | undefined;
      const keep = (): void => {
        const sorted = [...smallest].sort(compareIds).slice(0, limit);
        if (sorted.length === limit) bound = sorted.at(-1);
        smallest = new Set(sorted);
      };
      const walk = async (TableName: string, Segment: number): Promise<void> => {
        const pages = scanPages(clients, {
          TableName,
          Segment,
          TotalSegments: SCAN_SEGMENTS,
          ConsistentRead: true,
          ProjectionExpression: 'jobId',
          FilterExpression: 'jobId > :after',
          ExpressionAttributeValues: { ':after': after },
        });
        for await (const page of pages) {
          for (const { jobId } of page as readonly { jobId: bigint }[]) {
            if (bound === undefined || jobId <= bound) smallest.add(jobId);
            if (smallest.size >= 2 * limit) keep();
          }
        }
      };
      const segments = Array.from({ length: SCAN_SEGMENTS }, (_, segment) => segment);
      await Promise.all(
        segments.flatMap((segment) => [walk(tables.jobs, segment), walk(tables.tasks, segment)]),
      );
      keep();
      return [...smallest];
    },

    async settle(job, now) {
      // PartiQL takes one REMOVE. In this order a crash in between costs a walk, and leaves nothing behind.
      if (job.droppedThroughTaskId !== undefined) {
        const removal = await update(job, { remove: 'droppedThroughTaskId' });
        if (removal.kind !== 'done') return removal;
      }
      return update(job, {
        set: { segmentsDroppedAt: now },
        remove: 'dueAt',
        // Another pass that keeps its place is still at it, and settles the job itself.
        where: [isMissing('segmentsDroppedAt'), isMissing('droppedThroughTaskId')],
      });
    },

    savePlace: (job, taskId) =>
      update(job, { set: { droppedThroughTaskId: taskId }, where: [isMissing('segmentsDroppedAt')] }),

    rest: (job) => update(job, { remove: 'dueAt' }),

    schedule: (job, dueAt) => {
      const dueShard = shardToKeep(job.jobId, job.dueShard, shards);
      return update(job, { set: { dueShard: dueShard === job.dueShard ? undefined : dueShard, dueAt } });
    },
  };
}
