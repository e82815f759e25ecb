import { describe, expect, it } from 'vitest';
import type { Lease } from '../functions/worker/worker.ts';
import { job, MINUTE, NOW, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { meaningOf, type UpdateMeaning } from './support/update-request.ts';
import { body, claimed, workerIn } from './support/worker-in.ts';

const JOB = 449_999_999_999_999_991n;
const LEASE = NOW + 10 * MINUTE;
const PROGRESS = { copiedObjects: 3, copiedBytes: 5_000_000_000n };

/** A restore of one task with two targets; `message` and `attributes` say what is special about the task. */
async function play({ message = {}, attributes = {} } = {}) {
  const world = await embeddedWorld();
  await world.has(
    job({ jobId: JOB, totalTasks: 1, dueAt: NOW + 30 * MINUTE }),
    task({ jobId: JOB, targets: [11n, 12n] }),
  );
  await world.put('tasks', { ...(await world.task(1n, JOB)), ...attributes });
  const updates: { readonly table: string; readonly meaning: UpdateMeaning }[] = [];
  const worker = workerIn(world, {
    nodeId: 'datanode-1',
    disturb: (call) => {
      if (call.operation === 'UpdateItem')
        updates.push({
          table: call.input.TableName === world.tables.jobs ? 'Jobs' : 'Tasks',
          meaning: meaningOf(call.input),
        });
      return call.proceed();
    },
  });
  const lease = await claimed(worker, body({ jobId: String(JOB), ...message }));
  const claim = updates.splice(0);
  return { world, lease, claim, updates };
}

const taskKey = { jobId: JOB, taskId: 1n };
const exists = ['attribute_exists(jobId)', 'attribute_exists(taskId)'];
const held = [...exists, 'state = InProgress', 'taskVersion = 1'];

/** The requests that follow the claim, a little later. */
async function requestsOf(act: (lease: Lease) => Promise<unknown>) {
  const { world, lease, updates } = await play();
  world.clock.now = NOW + 200_000;
  await act(lease);
  return updates;
}

describe('the requests of the worker kit', () => {
  const claim = {
    state: 'InProgress',
    taskVersion: 1n,
    nodeId: 'datanode-1',
    leaseExpiresAt: BigInt(LEASE),
    dueAt: BigInt(LEASE),
  };

  it('claim', async () => {
    expect((await play()).claim).toEqual([
      {
        table: 'Tasks',
        meaning: { key: taskKey, if: [...exists, 'state = Pending', 'taskVersion = 0'], set: claim },
      },
    ]);
  });

  it.each([
    ['absent', {}, 'attribute_not_exists(leaseExpiresAt)'],
    ['NULL', { leaseExpiresAt: null }, 'leaseExpiresAt = null'],
  ])('claim on a recovery message, when the lease is %s', async (what, lease, condition) => {
    const { world, claim: requests } = await playRecovery(lease);
    expect(requests).toEqual([
      {
        table: 'Tasks',
        meaning: {
          key: taskKey,
          if: [...exists, condition, 'state = InProgress', 'taskVersion = 4'].sort(),
          set: { ...claim, taskVersion: 5n },
        },
      },
    ]);
    expect(await world.task(1n, JOB), what).toMatchObject({ nodeId: 'datanode-1', taskVersion: 5n });
  });

  it('heartbeat', async () => {
    const renewed = BigInt(NOW + 200_000 + 10 * MINUTE);
    expect(await requestsOf((lease) => lease.heartbeat())).toEqual([
      {
        table: 'Tasks',
        meaning: { key: taskKey, if: held, set: { leaseExpiresAt: renewed, dueAt: renewed } },
      },
    ]);
  });

  it('heartbeat with progress', async () => {
    const [request] = await requestsOf((lease) => lease.heartbeat(PROGRESS));
    expect(request?.meaning.set).toMatchObject({ copiedObjects: 3n, copiedBytes: 5_000_000_000n });
  });

  const now = BigInt(NOW + 200_000);
  const news = {
    table: 'Jobs',
    meaning: {
      key: { jobId: JOB },
      if: ['attribute_exists(jobId)', 'state = Executing'],
      set: { dueAt: now },
    },
  };

  it('complete, count, and tell the job of the last task', async () => {
    expect(await requestsOf((lease) => lease.complete(PROGRESS))).toEqual([
      {
        table: 'Tasks',
        meaning: {
          key: taskKey,
          if: held,
          set: {
            state: 'Completed',
            completedAt: now,
            copiedObjects: 3n,
            copiedBytes: 5_000_000_000n,
          },
          remove: ['dueAt', 'leaseExpiresAt'],
        },
      },
      {
        table: 'Jobs',
        meaning: {
          key: { jobId: JOB },
          if: ['attribute_exists(jobId)'],
          add: { completedTasks: 1n, completedSegments: 2n, copiedBytes: 5_000_000_000n },
        },
      },
      news,
    ]);
  });

  it('fail, and tell the job', async () => {
    expect(await requestsOf((lease) => lease.fail('source segment 5 is missing'))).toEqual([
      {
        table: 'Tasks',
        meaning: {
          key: taskKey,
          if: held,
          set: { state: 'Failed', reason: 'source segment 5 is missing', completedAt: now, dueAt: now },
          remove: ['leaseExpiresAt'],
        },
      },
      news,
    ]);
  });

  it('retry', async () => {
    expect(await requestsOf((lease) => lease.retry('SlowDown'))).toEqual([
      {
        table: 'Tasks',
        meaning: {
          key: taskKey,
          if: held,
          set: {
            state: 'Pending',
            taskVersion: 2n,
            retries: 1n,
            enqueueCount: 0n,
            reason: 'SlowDown',
            dueAt: now + 15_000n,
          },
          remove: ['leaseExpiresAt', 'nodeId'],
        },
      },
    ]);
  });

  it('hand over', async () => {
    expect(await requestsOf((lease) => lease.handOver(PROGRESS))).toEqual([
      {
        table: 'Tasks',
        meaning: {
          key: taskKey,
          if: held,
          set: {
            state: 'Pending',
            taskVersion: 2n,
            enqueueCount: 0n,
            copiedObjects: 3n,
            copiedBytes: 5_000_000_000n,
            dueAt: now,
          },
          remove: ['leaseExpiresAt', 'nodeId'],
        },
      },
    ]);
  });
});

const playRecovery = (lease: Record<string, unknown>) =>
  play({
    message: { taskVersion: 4, reason: 'recovery' },
    attributes: { state: 'InProgress', taskVersion: 4, nodeId: 'gone', ...lease },
  });
