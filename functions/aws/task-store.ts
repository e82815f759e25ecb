import pMap from 'p-map';
import { backoffMs, shardToKeep } from '../copy-segment/due-index.ts';
import type { Item, Reading } from '../copy-segment/item.ts';
import type { TaskSighting, TaskStore } from '../copy-segment/stores.ts';
import { type IndexedTask, readIndexedTask, readTask, type TaskKey } from '../copy-segment/task.ts';
import { LEASES_LOST } from '../inspector/verdict.ts';
import { type AwsClients, CONCURRENCY } from './metered-clients.ts';
import { dueItems, queryPages, readItems } from './reads.ts';
import { type Clause, type ConditionalUpdate, is, isMissing, updateEach } from './update-each.ts';
import { updateItem } from './update-item.ts';

export function createTaskStore(clients: AwsClients, table: string, shards: number): TaskStore {
  const update = ({ jobId, taskId }: TaskKey, rest: Omit<ConditionalUpdate, 'table'>): ConditionalUpdate => ({
    table,
    ...rest,
    where: [is('jobId', jobId), is('taskId', taskId), ...rest.where],
  });

  const marker = (task: IndexedTask, dueAt: number) => {
    const dueShard = shardToKeep(task.taskId, task.dueShard, shards);
    // Set once and for all: written only where it is missing or points to a shard that no pass asks.
    return { dueShard: dueShard === task.dueShard ? undefined : dueShard, dueAt };
  };

  // One request a task: PartiQL takes one REMOVE, and a lease is two attributes.
  const endLease = (task: IndexedTask, set: Record<string, unknown>) =>
    updateItem(clients, {
      TableName: table,
      Key: { jobId: task.jobId, taskId: task.taskId },
      set,
      remove: ['nodeId', 'leaseExpiresAt'],
      expect: { state: task.state, taskVersion: task.taskVersion, leaseExpiresAt: task.leaseExpiresAt },
    });

  return {
    async *due(shard, now) {
      for await (const page of dueItems(clients, table, shard, now))
        yield page.map((item) => sight(item, readIndexedTask));
    },

    async read(keys) {
      const items = await readItems(
        clients,
        table,
        keys.map(({ jobId, taskId }) => ({ jobId, taskId })),
      );
      return items.map((item) => sight(item, readTask));
    },

    async *ofJob(jobId, afterTaskId) {
      const pages = queryPages(clients, {
        TableName: table,
        KeyConditionExpression: `jobId = :jobId${afterTaskId === undefined ? '' : ' AND taskId > :after'}`,
        ExpressionAttributeValues: {
          ':jobId': jobId,
          ...(afterTaskId !== undefined && { ':after': afterTaskId }),
        },
        ConsistentRead: true,
      });
      for await (const page of pages) yield page.map((item) => sight(item, readTask));
    },

    mark: (marks) =>
      updateEach(
        clients,
        marks.map(({ task, sentAt }) => {
          const enqueueCount = task.enqueueCount + 1;
          // A running lease stays what decides when to look next; recovery only reminds the scheduler of it.
          const dueAt =
            task.state === 'InProgress' && task.leaseExpiresAt !== undefined
              ? task.leaseExpiresAt
              : sentAt + backoffMs(enqueueCount);
          return update(task, {
            set: { enqueueCount, enqueuedAt: sentAt, ...marker(task, dueAt) },
            where: asRead(task),
          });
        }),
      ),

    release: (tasks, now) =>
      pMap(
        tasks,
        (task) =>
          endLease(task, {
            state: 'Pending',
            taskVersion: task.taskVersion + 1,
            enqueueCount: 0,
            ...marker(task, now),
          }),
        { concurrency: CONCURRENCY },
      ),

    fail: (tasks, now) =>
      pMap(
        tasks,
        (task) =>
          endLease(task, { state: 'Failed', reason: LEASES_LOST, completedAt: now, ...marker(task, now) }),
        { concurrency: CONCURRENCY },
      ),

    settle: (tasks, now) =>
      updateEach(
        clients,
        tasks.map((task) =>
          update(task, {
            set: { segmentsDroppedAt: now },
            remove: 'dueAt',
            where: [is('state', 'Failed'), isMissing('segmentsDroppedAt')],
          }),
        ),
      ),

    rest: (tasks) =>
      updateEach(
        clients,
        tasks.map((task) => update(task, { remove: 'dueAt', where: asRead(task) })),
      ),

    schedule: (tasks, dueAt) =>
      updateEach(
        clients,
        tasks.map((task) => update(task, { set: marker(task, dueAt), where: asRead(task) })),
      ),
  };
}

/** The state and version that were read; a lease that was renewed meanwhile has a worker again. */
const asRead = ({ state, taskVersion, leaseExpiresAt }: IndexedTask): Clause[] => [
  is('state', state),
  is('taskVersion', taskVersion),
  ...(state === 'InProgress' && leaseExpiresAt !== undefined ? [is('leaseExpiresAt', leaseExpiresAt)] : []),
];

function sight<T extends IndexedTask>(item: Item, read: (item: Item) => Reading<T>): TaskSighting<T> {
  return {
    key: { jobId: item.jobId as bigint, taskId: item.taskId as bigint },
    ...(item.dueAt !== undefined && { dueAt: Number(item.dueAt) }),
    reading: read(item),
  };
}
