import { beforeEach, describe, expect, it, vi } from 'vitest';
import { realAfter } from '../functions/worker/timers.ts';
import { createWorker, FatalError } from '../functions/worker/worker.ts';
import { expired, job, leased, MINUTE, NOW, task } from './support/builders.ts';
import { disturbedClients, embeddedWorld, type Item, type World } from './support/embedded-world.ts';
import { body, claimed, onUpdate, throttle, workerIn } from './support/worker-in.ts';

const LEASE = 10 * MINUTE;
const PROGRESS = { copiedObjects: 3, copiedBytes: 5_000_000_000n };

let world: World;
beforeEach(async () => {
  world = await embeddedWorld();
});

const changeJob = async (attributes: Item): Promise<void> =>
  world.put('jobs', { ...(await world.job()), ...attributes });

describe('a claim', () => {
  it.each(['Pending', 'Executing', 'Publishing'] as const)(
    'takes a Pending task of a job that is %s',
    async (state) => {
      await world.has(job({ state }), task({ targets: [11n] }));
      expect(await workerIn(world).claim(body())).toMatchObject({
        kind: 'claimed',
        lease: { task: { taskId: 1n, targetSegmentIds: [11n], taskVersion: 1 }, job: { state } },
      });
      expect(await world.task()).toMatchObject({
        state: 'InProgress',
        taskVersion: 1n,
        nodeId: 'node-1',
        leaseExpiresAt: BigInt(NOW + LEASE),
        dueAt: BigInt(NOW + LEASE),
      });
    },
  );

  it('lasts as long as the worker says', async () => {
    await world.has(job(), task());
    await workerIn(world, { leaseMs: MINUTE }).claim(body());
    expect(await world.task()).toMatchObject({ leaseExpiresAt: BigInt(NOW + MINUTE) });
  });

  it.each([
    ['is Completed', job({ state: 'Completed' })],
    ['failed', job({ state: 'Failed' })],
    ['is gone', []],
  ])('is refused when the job %s', async (_, row) => {
    await world.has(row, task());
    const before = await world.task();
    expect(await workerIn(world).claim(body())).toEqual({ kind: 'jobOver' });
    expect(await world.task()).toEqual(before);
  });

  it.each([
    ['was dispatched again since', task({ taskVersion: 2 }), {}],
    ['is of an older version than the message', task(), { taskVersion: 1 }],
    ['is claimed', task({ ...leased, taskVersion: 1 }), {}],
    ['is claimed, in the version of the message', task({ ...leased, taskVersion: 1 }), { taskVersion: 1 }],
    ['is Completed', task({ state: 'Completed', taskVersion: 0 }), {}],
    ['failed', task({ state: 'Failed', taskVersion: 0 }), {}],
    ['is gone', [], {}],
  ])('is refused when the task %s', async (_, row, message) => {
    await world.has(job(), row);
    const before = await world.task();
    expect(await workerIn(world).claim(body(message))).toEqual({ kind: 'stale' });
    expect(await world.task()).toEqual(before);
  });

  describe('of an InProgress task', () => {
    const unleased = task({ state: 'InProgress', taskVersion: 4, nodeId: 'gone' });

    it('without a lease takes it over if an operator recovers', async () => {
      await world.has(job(), unleased);
      const claim = await workerIn(world).claim(body({ taskVersion: 4, reason: 'recovery' }));
      expect(claim.kind).toBe('claimed');
      expect(await world.task()).toMatchObject({
        state: 'InProgress',
        taskVersion: 5n,
        nodeId: 'node-1',
        leaseExpiresAt: BigInt(NOW + LEASE),
        dueAt: BigInt(NOW + LEASE),
      });
    });

    it.each(['pending', 'lease-expired'])(
      'without a lease is refused for a message of reason %s',
      async (reason) => {
        await world.has(job(), unleased);
        expect(await workerIn(world).claim(body({ taskVersion: 4, reason }))).toEqual({ kind: 'stale' });
      },
    );

    it.each([
      ['running', leased],
      ['expired', expired],
    ])('with a lease that is %s is refused in recovery as well', async (_, lease) => {
      await world.has(job(), task({ ...lease, taskVersion: 4 }));
      const message = body({ taskVersion: 4, reason: 'recovery' });
      expect(await workerIn(world).claim(message)).toEqual({ kind: 'stale' });
    });
  });

  it.each([
    ['no JSON', 'hello', /no JSON/],
    ['no object', '"hello"', /object/],
    ['of another schema', body({ schema: 2 }), /schema/],
    ['without a job id', body({ jobId: undefined }), /jobId/],
    ['with a number for a task id', body({ taskId: 1 }), /taskId: must be a decimal string/],
    ['with a task id that is none', body({ taskId: '0' }), /taskId: must be between 1 and 2\^63-1/],
    ['with a version that is no number', body({ taskVersion: '0' }), /taskVersion/],
    ['with a fraction of a version', body({ taskVersion: 0.5 }), /taskVersion/],
    ['with an unknown reason', body({ reason: 'why not' }), /reason: must be one of/],
  ])('of a body that is %s says what is wrong', async (_, text, reason) => {
    await world.has(job(), task());
    expect(await workerIn(world).claim(text)).toEqual({
      kind: 'malformed',
      reason: expect.stringMatching(reason),
    });
    expect(await world.task()).toMatchObject({ state: 'Pending' });
  });

  const unknown: Item = { state: 'Sleeping' };
  it.each([
    ['task', job(), task(unknown)],
    ['task', job(), task({ collectionId: 'seven' })],
    ['job', job(unknown), task()],
  ])('on a %s that cannot be read says so', async (noun, ...rows) => {
    await world.has(...rows);
    expect(await workerIn(world).claim(body())).toEqual({
      kind: 'malformed',
      reason: expect.stringContaining(`its ${noun} cannot be read: `),
    });
  });
});

describe('a heartbeat', () => {
  it('renews the lease and its marker, and leaves progress behind', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    world.clock.now += MINUTE;
    expect(await lease.heartbeat(PROGRESS)).toBe('held');
    expect(await world.task()).toMatchObject({
      state: 'InProgress',
      taskVersion: 1n,
      leaseExpiresAt: BigInt(NOW + MINUTE + LEASE),
      dueAt: BigInt(NOW + MINUTE + LEASE),
      copiedObjects: 3n,
      copiedBytes: 5_000_000_000n,
    });
  });

  it('without progress keeps what was there', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await lease.heartbeat(PROGRESS);
    await lease.heartbeat();
    expect(await world.task()).toMatchObject({ copiedObjects: 3n });
  });

  it.each([
    ['failed', { state: 'Failed' }],
    ['is Completed', { state: 'Completed' }],
  ])('says that the job %s, and to stop', async (_, change) => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await changeJob(change);
    expect(await lease.heartbeat()).toBe('jobOver');
    expect(lease.signal.aborted).toBe(true);
    expect(await lease.heartbeat()).toBe('jobOver');
  });

  it('says that the job is gone, and to stop', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await world.remove('jobs', { jobId: 1n });
    expect(await lease.heartbeat()).toBe('jobOver');
    expect(lease.signal.aborted).toBe(true);
  });

  it.each([
    ['released', { state: 'Pending', taskVersion: 2 }],
    ['claimed by another', { state: 'InProgress', taskVersion: 3, nodeId: 'node-2' }],
    ['failed by another', { state: 'Failed' }],
  ])('says that the task was %s, and to stop', async (_, change) => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await world.put('tasks', { ...(await world.task()), ...change });
    const before = await world.task();
    expect(await lease.heartbeat()).toBe('lost');
    expect(lease.signal.aborted).toBe(true);
    expect(await lease.complete(PROGRESS)).toBe('lost');
    expect(await world.task()).toEqual(before);
  });

  it('after the end of the task has no lease to renew', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await lease.complete(PROGRESS);
    expect(await lease.heartbeat()).toBe('lost');
    expect(await world.task()).toMatchObject({ state: 'Completed' });
    expect(await world.task()).not.toHaveProperty('leaseExpiresAt');
  });
});

describe('completing', () => {
  it('leaves the task Completed, out of the index, with its node and its progress', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    world.clock.now += MINUTE;
    expect(await lease.complete(PROGRESS)).toBe('completed');
    const item = await world.task();
    expect(item).toMatchObject({
      state: 'Completed',
      taskVersion: 1n,
      completedAt: BigInt(NOW + MINUTE),
      nodeId: 'node-1',
      copiedObjects: 3n,
      copiedBytes: 5_000_000_000n,
    });
    expect(item).not.toHaveProperty('leaseExpiresAt');
    expect(item).not.toHaveProperty('dueAt');
  });

  it('counts the task, its segments and its bytes on the job', async () => {
    await world.has(
      job({ totalTasks: 3 }),
      task({ targets: [11n, 12n] }),
      task({ taskId: 2n, targets: [13n] }),
    );
    const worker = workerIn(world);
    for (const taskId of ['1', '2']) await (await claimed(worker, body({ taskId }))).complete(PROGRESS);
    expect(await world.job()).toMatchObject({
      completedTasks: 2n,
      completedSegments: 3n,
      copiedBytes: 10_000_000_000n,
    });
    expect(await world.job()).not.toHaveProperty('dueAt');
  });

  it('the last task makes the job due now, and starts the backoff of its checker again', async () => {
    await world.has(job({ totalTasks: 1, dueAt: NOW + 30 * MINUTE, looks: 2 }), task());
    await (await claimed(workerIn(world))).complete(PROGRESS);
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW) });
    expect(await world.job()).not.toHaveProperty('looks');
  });

  it('the last task leaves a job as overdue as it is', async () => {
    await world.has(job({ totalTasks: 1, dueAt: NOW - 90 * MINUTE }), task());
    await (await claimed(workerIn(world))).complete(PROGRESS);
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW - 90 * MINUTE) });
  });

  it('a task of a writer that gives no total only counts', async () => {
    await world.has(job({ dueAt: NOW + 30 * MINUTE }), task());
    await (await claimed(workerIn(world))).complete(PROGRESS);
    expect(await world.job()).toMatchObject({ completedTasks: 1n, dueAt: BigInt(NOW + 30 * MINUTE) });
  });

  it.each(['Completed', 'Failed'])('leaves the marker of a job alone that is %s by then', async (state) => {
    await world.has(job({ totalTasks: 1 }), task());
    const lease = await claimed(workerIn(world));
    await changeJob({ state, dueAt: NOW + MINUTE });
    expect(await lease.complete(PROGRESS)).toBe('completed');
    expect(await world.job()).toMatchObject({ state, dueAt: BigInt(NOW + MINUTE) });
  });

  it('does not bring back a job that is gone', async () => {
    await world.has(job({ totalTasks: 1 }), task());
    const lease = await claimed(workerIn(world));
    await world.remove('jobs', { jobId: 1n });
    expect(await lease.complete(PROGRESS)).toBe('completed');
    expect(await world.job()).toBeUndefined();
  });
});

describe('failing', () => {
  it('leaves the task Failed and due now, and its job due now', async () => {
    await world.has(job({ dueAt: NOW + 30 * MINUTE, looks: 1 }), task());
    const lease = await claimed(workerIn(world));
    world.clock.now += MINUTE;
    expect(await lease.fail('source segment 5 is gone')).toBe('failed');
    const now = BigInt(NOW + MINUTE);
    const item = await world.task();
    expect(item).toMatchObject({
      state: 'Failed',
      taskVersion: 1n,
      reason: 'source segment 5 is gone',
      completedAt: now,
      dueAt: now,
      nodeId: 'node-1',
    });
    expect(item).not.toHaveProperty('leaseExpiresAt');
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: now });
    expect(await world.job()).not.toHaveProperty('looks');
  });

  it('keeps a reason to a length that fits into every report', async () => {
    await world.has(job(), task());
    await (await claimed(workerIn(world))).fail('x'.repeat(100_000));
    expect((await world.task())?.reason).toHaveLength(1_000);
  });

  it.each([{ state: 'Failed', segmentsDroppedAt: NOW }, { state: 'Completed' }])(
    'leaves a job alone that is over: %o',
    async (over) => {
      await world.has(job(), task());
      const lease = await claimed(workerIn(world));
      await changeJob(over);
      await lease.fail('too late');
      expect(await world.job()).not.toHaveProperty('dueAt');
    },
  );

  it('makes a job due that the checker changes at the same moment', async () => {
    await world.has(job({ state: 'Pending', dueAt: NOW + 30 * MINUTE }), task());
    let isStarted = false;
    const startsJob = onUpdate(world, 'jobs', async (call) => {
      if (!isStarted) await changeJob({ state: 'Executing', dueAt: NOW + 15 * MINUTE });
      isStarted = true;
      return call.proceed();
    });
    await (await claimed(workerIn(world, { disturb: startsJob }))).fail('gone');
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW) });
  });
});

describe('a retry', () => {
  it.each([
    [0, 15],
    [1, 30],
    [2, 60],
    [5, 480],
    [6, 900],
    [9, 900],
  ])('after %i earlier ones gives the task back for in %i s', async (retries, seconds) => {
    await world.has(job(), task({ ...(retries > 0 && { retries }), enqueueCount: 2, lostLeases: 1 }));
    const lease = await claimed(workerIn(world));
    expect(await lease.retry('SlowDown')).toBe('retried');
    const item = await world.task();
    expect(item).toMatchObject({
      state: 'Pending',
      taskVersion: 2n,
      retries: BigInt(retries + 1),
      lostLeases: 1n,
      enqueueCount: 0n,
      reason: 'SlowDown',
      dueAt: BigInt(NOW + seconds * 1_000),
    });
    expect(item).not.toHaveProperty('nodeId');
    expect(item).not.toHaveProperty('leaseExpiresAt');
    expect(await world.job()).not.toHaveProperty('dueAt');
  });

  it('for the 11th time fails the task, and makes its job due now', async () => {
    await world.has(job(), task({ retries: 10 }));
    const lease = await claimed(workerIn(world));
    expect(await lease.retry('SlowDown')).toBe('failed');
    expect(await world.task()).toMatchObject({
      state: 'Failed',
      taskVersion: 1n,
      retries: 10n,
      reason: 'SlowDown (after 10 retries)',
      completedAt: BigInt(NOW),
      dueAt: BigInt(NOW),
    });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW) });
  });
});

describe('handing over', () => {
  it('with progress gives the task back at once, and counts no retry', async () => {
    await world.has(job(), task({ retries: 1, enqueueCount: 3 }));
    const lease = await claimed(workerIn(world));
    expect(await lease.handOver(PROGRESS)).toBe('handedOver');
    const item = await world.task();
    expect(item).toMatchObject({
      state: 'Pending',
      taskVersion: 2n,
      retries: 1n,
      enqueueCount: 0n,
      copiedObjects: 3n,
      copiedBytes: 5_000_000_000n,
      dueAt: BigInt(NOW),
    });
    expect(item).not.toHaveProperty('nodeId');
    expect(item).not.toHaveProperty('leaseExpiresAt');
  });

  it.each([
    ['nothing was copied', {}, { copiedObjects: 0, copiedBytes: 0n }],
    ['nothing was added', { copiedObjects: 3, copiedBytes: 5_000_000_000 }, PROGRESS],
  ])('is a retry when %s', async (_, before, progress) => {
    await world.has(job(), task(before));
    const lease = await claimed(workerIn(world));
    expect(await lease.handOver(progress)).toBe('handedOver');
    expect(await world.task()).toMatchObject({
      state: 'Pending',
      taskVersion: 2n,
      retries: 1n,
      reason: 'handed over without progress',
      dueAt: BigInt(NOW + 15_000),
    });
  });

  it.each([
    ['an empty object', { copiedObjects: 1, copiedBytes: 0n }],
    ['bytes alone', { copiedObjects: 0, copiedBytes: 1n }],
  ])('counts %s as progress', async (_, progress) => {
    await world.has(job(), task());
    await (await claimed(workerIn(world))).handOver(progress);
    expect(await world.task()).not.toHaveProperty('retries');
  });

  it('counts as progress what this worker told in its heartbeats', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world));
    await lease.heartbeat(PROGRESS);
    await lease.handOver(PROGRESS);
    expect(await world.task()).not.toHaveProperty('retries');
  });
});

describe('work', () => {
  it('completes the task with what the copy returns', async () => {
    await world.has(job(), task());
    expect(await workerIn(world).work(body(), async () => PROGRESS)).toBe('done');
    expect(await world.task()).toMatchObject({ state: 'Completed', copiedObjects: 3n });
  });

  it('fails the task on a fatal error', async () => {
    await world.has(job(), task());
    const copy = async () => {
      throw new FatalError('checksum differs');
    };
    expect(await workerIn(world).work(body(), copy)).toBe('done');
    expect(await world.task()).toMatchObject({ state: 'Failed', reason: 'checksum differs' });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW) });
  });

  it('retries the task on any other error', async () => {
    await world.has(job(), task());
    const copy = async () => {
      throw new TypeError('fetch failed');
    };
    expect(await workerIn(world).work(body(), copy)).toBe('done');
    expect(await world.task()).toMatchObject({
      state: 'Pending',
      retries: 1n,
      reason: 'TypeError: fetch failed',
    });
  });

  it('leaves a task as its copy handed it over', async () => {
    await world.has(job(), task());
    await workerIn(world).work(body(), async (lease) => {
      await lease.handOver(PROGRESS);
      return PROGRESS;
    });
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n });
  });

  it('leaves a body that is no message to the dead letters', async () => {
    expect(await workerIn(world).work('{}', async () => PROGRESS)).toBe('dead');
  });

  it.each([
    ['stale', job(), { taskVersion: 3 }],
    ['of a job that is over', job({ state: 'Failed' }), {}],
  ])('copies nothing for a message that is %s, which is to be deleted', async (_, row, message) => {
    await world.has(row, task());
    let copies = 0;
    const copy = async () => {
      copies++;
      return PROGRESS;
    };
    expect(await workerIn(world).work(body(message), copy)).toBe('done');
    expect(copies).toBe(0);
  });

  it('lets the message come back while DynamoDB does not answer to the claim', async () => {
    await world.has(job(), task());
    // Time jumps ahead with every answer that is missing, so the worker has no patience left.
    const disturb = async () => {
      world.clock.now += MINUTE;
      return throttle();
    };
    await expect(workerIn(world, { disturb }).work(body(), async () => PROGRESS)).rejects.toThrow(
      'ThrottlingException',
    );
    expect(await world.task()).toMatchObject({ state: 'Pending' });
  });
});

it('a client that rounds ids is refused', () => {
  const { dynamo } = disturbedClients();
  dynamo.config.translateConfig = {};
  expect(() => createWorker({ dynamo, tables: world.tables, nodeId: 'node-1' })).toThrow(
    /createDynamoClient/,
  );
});

it('a timer calls back once, unless it is cancelled', () => {
  vi.useFakeTimers();
  try {
    const calls: string[] = [];
    realAfter(1_000, () => calls.push('kept'));
    realAfter(1_000, () => calls.push('cancelled'))();
    vi.advanceTimersByTime(999);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(5_000);
    expect(calls).toEqual(['kept']);
  } finally {
    vi.useRealTimers();
  }
});
