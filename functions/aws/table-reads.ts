import { describeError } from '../copy-segment/describe-error.ts';
import type { RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import { type Job, type JobLookup, readJob } from '../copy-segment/job.ts';
import {
  type JobReads,
  type KeyPage,
  type SegmentReads,
  type TaskReads,
  TemporaryError,
} from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { LaterSighting, readIndexedTask, readTask, sightTask } from '../copy-segment/task.ts';
import { isTransient } from './is-transient.ts';
import type { DynamoAccess } from './metered-clients.ts';
import { dueItems, queryPages, readItems, scanPages } from './reads.ts';

/** The three tables as every function reads them: items in, nouns out. */
export function createTableReads(
  clients: DynamoAccess,
  tables: TableNames,
): { jobs: JobReads; tasks: TaskReads; segments: SegmentReads } {
  async function* jobIdPages(TableName: string, after?: Item): AsyncGenerator<KeyPage> {
    const pages = scanPages(clients, {
      TableName,
      ConsistentRead: true,
      ProjectionExpression: 'jobId',
      ...(after && { ExclusiveStartKey: { ...after } }),
    });
    try {
      for await (const { items, resumeKey } of pages)
        yield { jobIds: items.map((item) => item.jobId as RawId), resumeKey };
    } catch (error) {
      throw isTransient(error) ? new TemporaryError(describeError(error), { cause: error }) : error;
    }
  }

  return {
    jobs: {
      async *due(shard, now) {
        for await (const page of dueItems(clients, tables.jobs, shard, now))
          yield page.map(({ jobId, dueAt, state }) => ({
            jobId: jobId as RawId,
            dueAt: Number(dueAt),
            state,
          }));
      },

      async read(jobIds) {
        const keys = jobIds.map((jobId) => ({ jobId }));
        const { found, unread } = await readItems(clients, tables.jobs, keys);
        return new Map<RawId, JobLookup>([
          ...jobIds.map((jobId) => [jobId, 'missing'] as const),
          ...unread.map(({ key, reason }) => [key.jobId, { unread: reason }] as const),
          ...found.map((item) => [item.jobId as RawId, lookupOf(item)] as const),
        ]);
      },

      ids: (after) => jobIdPages(tables.jobs, after),
    },

    tasks: {
      async *due(shard, now) {
        for await (const page of dueItems(clients, tables.tasks, shard, now))
          yield page.map((item) => new LaterSighting(item, readIndexedTask));
      },

      async read(keys) {
        const rawKeys = keys.map(({ jobId, taskId }) => ({ jobId, taskId }));
        const { found, unread } = await readItems(clients, tables.tasks, rawKeys);
        return { found: found.map((item) => sightTask(item, readTask)), unread };
      },

      async *ofJob(jobId, afterTaskId) {
        const pages = queryPages(clients, {
          TableName: tables.tasks,
          KeyConditionExpression: `jobId = :jobId${afterTaskId === undefined ? '' : ' AND taskId > :after'}`,
          ExpressionAttributeValues: {
            ':jobId': jobId,
            ...(afterTaskId !== undefined && { ':after': afterTaskId }),
          },
          ConsistentRead: true,
        });
        for await (const page of pages) yield page.map((item) => sightTask(item, readTask));
      },

      jobIds: (after) => jobIdPages(tables.tasks, after),
    },

    segments: {
      async read(segmentIds) {
        const keys = segmentIds.map((segmentId) => ({ segmentId }));
        const { found, unread } = await readItems(clients, tables.segments, keys, SEGMENT_ATTRIBUTES);
        return {
          found: new Map(found.map((item) => [item.segmentId as bigint, item])),
          unread: unread.map(({ key, reason }) => ({ key: key.segmentId, reason })),
        };
      },
    },
  };
}

/** What the verdict on a drop needs, and its condition. */
const SEGMENT_ATTRIBUTES = ['segmentId', 'state', 'jobId', 'publishedAt'];

function lookupOf(raw: Item): Job | { readonly unreadable: string; readonly raw: Item } {
  const reading = readJob(raw);
  return reading.ok ? reading.value : { unreadable: reading.reason, raw };
}
