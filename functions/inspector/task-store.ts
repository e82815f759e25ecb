import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { backoffMs, shardToKeep } from '../copy-segment/due-index.ts';
import type { Item, Reading } from '../copy-segment/item.ts';
import {
  type IndexedTask,
  readIndexedTask,
  readTask,
  type Task,
  type TaskKey,
} from '../copy-segment/task.ts';
import { type AwsCalls, CONCURRENCY } from './aws-calls.ts';
import {
  type Clause,
  type ConditionalUpdate,
  done,
  is,
  isMissing,
  updateEach,
  type WriteOutcome,
} from './conditional-update.ts';
import { dueItems, queryPages, readItems } from './read-items.ts';
import { reasonOf } from './reason-of.ts';
import { LEASES_LOST } from './verdict.ts';

/** A task item that was met: its key is always known, the rest as far as it can be read. */
export interface TaskSighting<T extends IndexedTask = IndexedTask> {
  readonly key: TaskKey;
  readonly dueAt?: number;
  readonly reading: Reading<T>;
}

export interface TaskReads {
  /** Tasks due in a shard of the index, the longest due first. Eventually consistent. */
  due(shard: number, now: number): AsyncIterable<readonly TaskSighting[]>;
  /** The tasks that exist among the keys, strongly consistent. */
  read(keys: readonly TaskKey[]): Promise<TaskSighting<Task>[]>;
  /** Every task of a job in ascending task id, strongly consistent. */
  ofJob(jobId: bigint): AsyncIterable<readonly TaskSighting<Task>[]>;
}

/**
 * Every write holds on the condition that the task is as it was read; `conditionFailed` means it has moved on.
 * None of them throws.
 */
export interface TaskWrites {
  /** After its message was sent at `sentAt`: counts it, and sets when to look next. */
  mark(marks: readonly { readonly task: IndexedTask; readonly sentAt: number }[]): Promise<WriteOutcome[]>;
  /** Takes an expired lease back: Pending, next version, nothing enqueued, due now. */
  release(tasks: readonly IndexedTask[], now: number): Promise<WriteOutcome[]>;
  /** Gives up on a task whose leases keep running out. */
  fail(tasks: readonly IndexedTask[], now: number): Promise<WriteOutcome[]>;
  /** A Failed task has no target left to drop. */
  settle(tasks: readonly Task[], now: number): Promise<WriteOutcome[]>;
  /** Takes it out of the index, and touches nothing else. */
  rest(tasks: readonly IndexedTask[]): Promise<WriteOutcome[]>;
  /** Puts it into the index, to be looked at again at `dueAt`. */
  schedule(tasks: readonly IndexedTask[], dueAt: number): Promise<WriteOutcome[]>;
}

export type TaskStore = TaskReads & TaskWrites;

export function createTaskStore(calls: AwsCalls, table: string, shards: number): TaskStore {
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
    updateOne(calls, {
      TableName: table,
      Key: { jobId: task.jobId, taskId: task.taskId },
      set,
      remove: ['nodeId', 'leaseExpiresAt'],
      expect: { state: task.state, taskVersion: task.taskVersion, leaseExpiresAt: task.leaseExpiresAt },
    });

  return {
    async *due(shard, now) {
      for await (const page of dueItems(calls, table, shard, now))
        yield page.map((item) => sight(item, readIndexedTask));
    },

    async read(keys) {
      const items = await readItems(
        calls,
        table,
        keys.map(({ jobId, taskId }) => ({ jobId, taskId })),
      );
      return items.map((item) => sight(item, readTask));
    },

    async *ofJob(jobId) {
      const pages = queryPages(calls, {
        TableName: table,
        KeyConditionExpression: 'jobId = :jobId',
        ExpressionAttributeValues: { ':jobId': jobId },
        ConsistentRead: true,
      });
      for await (const page of pages) yield page.map((item) => sight(item, readTask));
    },

    mark: (marks) =>
      updateEach(
        calls,
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
        calls,
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
        calls,
        tasks.map((task) => update(task, { remove: 'dueAt', where: asRead(task) })),
      ),

    schedule: (tasks, dueAt) =>
      updateEach(
        calls,
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
    ...(typeof item.dueAt === 'bigint' && { dueAt: Number(item.dueAt) }),
    reading: read(item),
  };
}

interface SingleUpdate {
  readonly TableName: string;
  readonly Key: Item;
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  readonly expect: Readonly<Record<string, unknown>>;
}

async function updateOne(
  calls: AwsCalls,
  { TableName, Key, set, remove, expect }: SingleUpdate,
): Promise<WriteOutcome> {
  const assignments = Object.entries(set).filter(([, value]) => value !== undefined);
  const expectations = Object.entries(expect);
  const names = [...new Set([...assignments, ...expectations].map(([name]) => name)), ...remove];
  try {
    await calls.dynamo.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: `SET ${assignments.map(([name]) => `#${name} = :set_${name}`).join(', ')} REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
        ConditionExpression: expectations.map(([name]) => `#${name} = :is_${name}`).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries([
          ...assignments.map(([name, value]) => [`:set_${name}`, value]),
          ...expectations.map(([name, value]) => [`:is_${name}`, value]),
        ]),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    return done;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { kind: 'conditionFailed' };
    return { kind: 'failed', reason: reasonOf(error) };
  }
}
