import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ConditionalCheckFailedException,
  PutItemCommand,
  type PutItemCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, inject, it } from 'vitest';
import { createDynamoClient } from '../functions/aws/clients.ts';
import { dueShardOf } from '../functions/copy-segment/due-index.ts';
import type { Lease } from '../functions/worker/worker.ts';
import { HOUR, MINUTE } from './support/builders.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { fencedBlocks, sectionOf } from './support/markdown.ts';
import { reactiveWorld } from './support/reactive-world.ts';
import { meaningOf, type UpdateMeaning } from './support/update-request.ts';
import { claimed as claimedLease, workerIn } from './support/worker-in.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/writers.md'), 'utf8');

const REQUESTS = [
  'Create a job',
  'Create a segment',
  'Create a task',
  'Claim',
  'Claim on a recovery message',
  'Heartbeat',
  'Complete',
  'Fail',
  'Retry',
  'Hand over',
  'Count a Completed task',
  'Tell the job',
  'Fail a job',
  'Publish a segment',
] as const;
type Request = (typeof REQUESTS)[number];

const blockUnder = (heading: string): string => fencedBlocks(sectionOf(page, heading), 'json')[0] ?? '';
const MESSAGE = JSON.parse(blockUnder('The message'));

/** When the page's restore is created, and the ids that it has. */
const CREATED = 1_795_349_750_245;
const LEASE = CREATED + 10 * MINUTE;
const JOB = 449_999_999_999_999_991n;
const TARGET = 449_999_999_999_999_801n;

/** A world at the moment in which the page's restore is created, and what writers do in it. */
async function play<W extends World>(world: W) {
  world.clock.now = CREATED;
  const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const client = createDynamoClient({ ...identity, endpoint: inject('dynamoEndpoint') });
  const tables = { Jobs: world.tables.jobs, Tasks: world.tables.tasks, Segments: world.tables.segments };

  /** Makes a request of the page as it stands there, but for the values given. */
  const write = async (heading: Request, values: Record<string, number | string> = {}) => {
    const request: PutItemCommandInput & UpdateItemCommandInput = JSON.parse(blockUnder(heading));
    const TableName = tables[request.TableName as keyof typeof tables];
    for (const [name, value] of Object.entries(values)) {
      if (request.ExpressionAttributeValues?.[name] === undefined)
        throw new Error(`no ${name} in ${heading}`);
      request.ExpressionAttributeValues[name] =
        typeof value === 'number' ? { N: String(value) } : { S: value };
    }
    const command = request.Item
      ? new PutItemCommand({ ...request, TableName })
      : new UpdateItemCommand({ ...request, TableName });
    try {
      await client.send(command as UpdateItemCommand);
      return 'done';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'refused';
      throw error;
    }
  };
  return { world, write, task: () => world.task(1n, JOB), job: () => world.job(JOB) };
}

/** A restore of one task, and its first message taken off the queue. */
async function enqueued() {
  const restore = await play(await embeddedWorld());
  for (const heading of ['Create a job', 'Create a segment', 'Create a task'] as const)
    await restore.write(heading);
  await restore.world.pass();
  return { ...restore, message: await onlyMessage(restore.world) };
}

async function claimed() {
  const restore = await enqueued();
  await restore.write('Claim');
  return restore;
}

async function onlyMessage(world: World) {
  const messages = await world.messages();
  expect(messages).toHaveLength(1);
  return messages[0];
}

describe('docs/writers.md', () => {
  it('has no request that these tests do not make', () => {
    const requests = fencedBlocks(page, 'json').filter((block) => block.includes('"TableName"'));
    expect(REQUESTS.map(blockUnder)).toEqual(requests);
  });

  it('creates items that the inspector can read, on the shards that it asks', async () => {
    const { world, write, task, job } = await play(await embeddedWorld());
    for (const heading of ['Create a job', 'Create a segment', 'Create a task'] as const) {
      expect(await write(heading)).toBe('done');
      expect(await write(heading)).toBe('refused');
    }
    expect(Number((await task())?.dueShard)).toBe(dueShardOf(1n, 4));
    expect(Number((await job())?.dueShard)).toBe(dueShardOf(JOB, 4));
    expect(await world.pass()).toMatchObject({ complete: true, problems: [], tasks: { enqueued: 1 } });
  });

  it('creates a job that streams move to Completed, without a schedule and without a hint', async () => {
    const { world, write, job } = await play(await reactiveWorld());
    for (const heading of ['Create a job', 'Create a segment', 'Create a task'] as const)
      await write(heading);
    await world.react();
    expect(await world.messages()).toEqual([MESSAGE]);
    await write('Claim');
    await write('Complete');
    await world.react();
    expect(await job()).toMatchObject({ state: 'Completed' });
    expect(await world.segment(TARGET)).toMatchObject({ state: 'Flushed' });
  });

  it('shows the message that the inspector sends for the task of the page', async () => {
    const { message } = await enqueued();
    expect(message).toEqual(MESSAGE);
  });

  it('claims on the message: a pass leaves the lease alone', async () => {
    const { world, write, task } = await enqueued();
    expect(await write('Claim')).toBe('done');
    expect(await task()).toMatchObject({ state: 'InProgress', nodeId: 'datanode-1', taskVersion: 1n });
    world.clock.now = LEASE - 1;
    expect((await world.pass()).read.dueTasks).toBe(0);
  });

  it('claims once: the second worker with the same message is refused', async () => {
    const { write } = await claimed();
    expect(await write('Claim', { ':me': 'datanode-2' })).toBe('refused');
  });

  it('renews the lease: the marker follows it', async () => {
    const { world, write, task } = await claimed();
    expect(await write('Heartbeat')).toBe('done');
    const { leaseExpiresAt, dueAt } = (await task()) ?? {};
    expect(dueAt).toBe(leaseExpiresAt);
    world.clock.now = LEASE + 1;
    expect((await world.pass()).read.dueTasks).toBe(0);
    world.clock.now = Number(leaseExpiresAt) + 1;
    expect((await world.pass()).tasks.released).toBe(1);
  });

  it('loses an expired lease: released and sent again, and whatever the lost worker writes is refused', async () => {
    const { world, write, task } = await claimed();
    world.clock.now = LEASE + 1;
    await world.pass();
    expect(await task()).toMatchObject({ state: 'Pending', taskVersion: 2n, lostLeases: 1n });
    expect(await task()).not.toHaveProperty('nodeId');
    expect(await onlyMessage(world)).toMatchObject({ reason: 'lease-expired', taskVersion: 2, attempt: 1 });

    for (const heading of ['Heartbeat', 'Complete', 'Fail', 'Claim'] as const)
      expect(await write(heading), heading).toBe('refused');
    const again = { ':version': 2, ':next': 3, ':me': 'datanode-2', ':lease': LEASE + HOUR };
    expect(await write('Claim', again)).toBe('done');
    expect(await task()).toMatchObject({ taskVersion: 3n, nodeId: 'datanode-2' });
  });

  it('completes: the task leaves the index, and keeps its node', async () => {
    const { world, write, task } = await claimed();
    expect(await write('Complete')).toBe('done');
    expect(await task()).toMatchObject({ state: 'Completed', nodeId: 'datanode-1' });
    world.clock.now = LEASE + HOUR;
    expect(await world.pass()).toMatchObject({ read: { dueTasks: 0, dueJobs: 0 } });
    expect(await world.segment(TARGET)).toMatchObject({ state: 'Importing' });
  });

  it('fails: the next pass drops the target and settles the task', async () => {
    const { world, write, task } = await claimed();
    await write('Heartbeat');
    expect(await write('Fail')).toBe('done');
    world.clock.now = Number((await task())?.completedAt);
    await world.pass();
    expect(await world.segment(TARGET)).toMatchObject({
      state: 'Dropped',
      isImporting: false,
      dropReason: 'copy segment task 1 failed: source segment 446666666666666601 is missing',
    });
    expect(await task()).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(world.clock.now) });
    expect(await task()).not.toHaveProperty('dueAt');
  });

  it('fails a job: the next pass drops the targets of its Completed task as well', async () => {
    const { world, write, job } = await claimed();
    await write('Complete');
    expect(await write('Fail a job')).toBe('done');
    expect(await write('Fail a job')).toBe('refused');
    world.clock.now = LEASE + HOUR;
    await world.pass();
    expect(await world.segment(TARGET)).toMatchObject({ state: 'Dropped' });
    expect(await job()).toMatchObject({ state: 'Failed', segmentsDroppedAt: BigInt(LEASE + HOUR) });
  });

  it('publishes a segment: its task can no longer drop it, its job can', async () => {
    const { world, write } = await claimed();
    expect(await write('Publish a segment')).toBe('done');
    await write('Fail');
    world.clock.now = LEASE + HOUR;
    expect((await world.pass()).problems).toMatchObject([{ kind: 'contradiction' }]);
    expect(await world.segment(TARGET)).toMatchObject({ state: 'Flushed' });

    await write('Fail a job');
    world.clock.now = LEASE + HOUR;
    await world.pass();
    expect(await world.segment(TARGET)).toMatchObject({ state: 'Dropped' });
  });
});

describe('a request of the page is what the worker kit sends', () => {
  const PROGRESS = { copiedObjects: 3, copiedBytes: 5_000_000_000n };
  const HEARTBEAT = CREATED + 200_000;
  const END = CREATED + 650_000;

  /** The updates that the kit makes of the page's restore, from the claim on. */
  async function updatesOf(act: (lease: Lease) => Promise<unknown>): Promise<UpdateMeaning[]> {
    const { world, message, job } = await enqueued();
    await world.put('jobs', { ...(await job()), totalTasks: 1, dueAt: CREATED + HOUR, looks: 2 });
    const updates: UpdateMeaning[] = [];
    const worker = workerIn(world, {
      nodeId: 'datanode-1',
      disturb: ({ operation, input, proceed }) => {
        if (operation === 'UpdateItem') updates.push(withoutExistence(meaningOf(input)));
        return proceed();
      },
    });
    const lease = await claimedLease(worker, JSON.stringify(message));
    world.clock.now = HEARTBEAT;
    await lease.heartbeat(PROGRESS);
    world.clock.now = END;
    await act(lease);
    return updates;
  }

  it.each<[string, readonly Request[], (lease: Lease) => Promise<unknown>]>([
    [
      'completes',
      ['Complete', 'Count a Completed task', 'Tell the job'],
      (lease) => lease.complete(PROGRESS),
    ],
    [
      'fails',
      ['Fail', 'Tell the job'],
      (lease) => lease.fail('source segment 446666666666666601 is missing'),
    ],
    ['retries', ['Retry'], (lease) => lease.retry('SlowDown: reduce your request rate')],
    ['hands over', ['Hand over'], (lease) => lease.handOver(PROGRESS)],
  ])('a worker that %s', async (_, headings, act) => {
    const requests = (['Claim', 'Heartbeat', ...headings] as const).map(meaningOfPage);
    expect(await updatesOf(act)).toEqual(requests);
  });

  /** That the item exists goes without saying where its state is a condition. */
  const withoutExistence = ({ if: conditions, ...rest }: UpdateMeaning): UpdateMeaning => ({
    ...rest,
    if: conditions.filter((condition) => !condition.startsWith('attribute_exists(')),
  });

  function meaningOfPage(heading: Request): UpdateMeaning {
    const { Key, ExpressionAttributeValues = {}, ...request } = JSON.parse(blockUnder(heading));
    return withoutExistence(
      meaningOf({
        ...request,
        Key: unmarshall(Key, { wrapNumbers: BigInt }),
        ExpressionAttributeValues: unmarshall(ExpressionAttributeValues, { wrapNumbers: BigInt }),
      }),
    );
  }
});

it('a worker that gives a task back has it sent again, when it is due', async () => {
  const { world, write, task } = await claimed();
  expect(await write('Retry')).toBe('done');
  expect(await write('Retry')).toBe('refused');
  expect(await task()).toMatchObject({ state: 'Pending', taskVersion: 2n, enqueueCount: 0n, retries: 1n });
  expect(await task()).not.toHaveProperty('nodeId');
  world.clock.now = Number((await task())?.dueAt) - 1;
  await world.pass();
  expect(await world.messages()).toEqual([]);
  world.clock.now += 1;
  await world.pass();
  expect(await onlyMessage(world)).toMatchObject({ reason: 'pending', taskVersion: 2, attempt: 1 });

  const again = { ':version': 2, ':next': 3 };
  expect(await write('Claim', again)).toBe('done');
  expect(await write('Hand over', { ':version': 3, ':next': 4, ':now': world.clock.now })).toBe('done');
  await world.pass();
  expect(await onlyMessage(world)).toMatchObject({ taskVersion: 4, attempt: 1 });
});

it('a hint reaches the checker: the job is due', async () => {
  const { world, write, job } = await claimed();
  await world.put('jobs', { ...(await job()), dueAt: LEASE + HOUR, looks: 2 });
  await write('Complete');
  expect(await write('Count a Completed task')).toBe('done');
  expect(await write('Tell the job')).toBe('done');
  expect(await job()).toMatchObject({
    completedTasks: 1n,
    completedSegments: 1n,
    copiedBytes: 5_000_000_000n,
  });
  expect(Number((await job())?.dueAt)).toBeLessThan(LEASE + HOUR);
  expect(await job()).not.toHaveProperty('looks');
});

describe('a recovery message', () => {
  it.each([
    ['is missing', undefined],
    ['is NULL', null],
  ])(
    'lets a worker take a task whose lease %s, once, and its lease counts from then on',
    async (_, lease) => {
      const { world, write, task } = await claimed();
      const { leaseExpiresAt: __, ...item } = (await task()) ?? {};
      await world.put('tasks', { ...item, ...(lease === null && { leaseExpiresAt: null }) });
      world.clock.now = LEASE + HOUR;
      await world.pass();
      expect(await task()).toMatchObject({ state: 'InProgress' });
      expect(await world.messages()).toEqual([]);

      await world.pass({ mode: 'recover' });
      expect(await onlyMessage(world)).toMatchObject({ reason: 'recovery', taskVersion: 1 });
      expect(await write('Claim', { ':version': 1, ':next': 2 })).toBe('refused');
      const newLease = LEASE + 2 * HOUR;
      expect(await write('Claim on a recovery message', { ':lease': newLease })).toBe('done');
      expect(await write('Claim on a recovery message', { ':lease': newLease })).toBe('refused');
      expect(await task()).toMatchObject({ state: 'InProgress', taskVersion: 2n, nodeId: 'datanode-2' });

      world.clock.now = newLease + 1;
      expect((await world.pass()).tasks.released).toBe(1);
    },
  );

  it('takes no task from a worker whose lease is running', async () => {
    const { world, write, task } = await claimed();
    await world.pass({ mode: 'recover' });
    expect(await onlyMessage(world)).toMatchObject({ reason: 'recovery', taskVersion: 1 });
    expect(await write('Claim on a recovery message')).toBe('refused');
    expect(await task()).toMatchObject({ taskVersion: 1n, nodeId: 'datanode-1' });
  });

  it('claims a Pending task as any other message does', async () => {
    const { world, write } = await enqueued();
    await world.pass({ mode: 'recover' });
    await onlyMessage(world);
    expect(await write('Claim on a recovery message', { ':version': 0, ':next': 1 })).toBe('done');
  });
});
