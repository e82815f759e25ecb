import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../functions/worker/worker.ts';
import { job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type Item, type World } from './support/embedded-world.ts';
import { type ManualTime, manualTime } from './support/manual-time.ts';
import { body, claimed, loseAnswer, once, onUpdate, throttle, workerIn } from './support/worker-in.ts';

const LEASE = 10 * MINUTE;
const THIRD = LEASE / 3;
const PROGRESS = { copiedObjects: 3, copiedBytes: 30n };

let world: World;
let time: ManualTime;
beforeEach(async () => {
  world = await embeddedWorld();
  time = manualTime(world.clock);
});

const changeJob = async (attributes: Item): Promise<void> =>
  world.put('jobs', { ...(await world.job()), ...attributes });

/** A worker in the middle of a copy, which the test ends. */
async function copying(options: Parameters<typeof workerIn>[1] = {}) {
  const { promise: started, resolve: start } = Promise.withResolvers<Lease>();
  const { promise: copied, resolve: finish, reject: breakOff } = Promise.withResolvers<typeof PROGRESS>();
  const work = workerIn(world, { time, ...options }).work(body(), (lease) => {
    start(lease);
    return copied;
  });
  return { work, lease: await started, finish, breakOff };
}

/** The next message of the queue, as a worker gets it. */
async function nextMessage(): Promise<string> {
  const [message] = await world.messages();
  return JSON.stringify(message);
}

describe('while it copies, a worker', () => {
  beforeEach(() => world.has(job(), task({ targets: [11n] }), segment(11n)));

  it('renews its lease at every third of it', async () => {
    const { work, finish } = await copying();
    for (const thirds of [1, 2, 3, 4]) {
      await time.pass(THIRD);
      expect(await world.task()).toMatchObject({ leaseExpiresAt: BigInt(NOW + thirds * THIRD + LEASE) });
    }
    finish(PROGRESS);
    await work;
    expect(await world.task()).toMatchObject({ state: 'Completed', taskVersion: 1n });
  });

  it('renews no more once it is done', async () => {
    const { work, finish } = await copying();
    finish(PROGRESS);
    await work;
    const before = await world.items();
    expect(time.pending()).toBe(0);
    await time.pass(3 * LEASE);
    expect(await world.items()).toEqual(before);
  });

  it.each([
    ['failed by the checker', { state: 'Failed', reason: 'timeout' }],
    ['cancelled by an operator', { state: 'Failed', reason: 'cancelled by me' }],
  ])('is stopped by its next heartbeat when the job is %s, and reports nothing', async (_, over) => {
    const { work, lease, breakOff } = await copying();
    await changeJob(over);
    await time.pass(THIRD);
    expect(lease.signal.aborted).toBe(true);
    const before = await world.items();
    breakOff(lease.signal.reason);
    expect(await work).toBe('done');
    expect(await world.items()).toEqual(before);
    expect(await world.task()).toMatchObject({ state: 'InProgress', nodeId: 'node-1' });
  });

  it('is stopped by its next heartbeat when the task was taken from it, and reports nothing', async () => {
    const { work, lease, finish } = await copying();
    await world.put('tasks', { ...(await world.task()), taskVersion: 3, nodeId: 'node-2' });
    await time.pass(THIRD);
    expect(lease.signal.aborted).toBe(true);
    const before = await world.items();
    finish(PROGRESS);
    expect(await work).toBe('done');
    expect(await world.items()).toEqual(before);
  });

  describe('when DynamoDB throttles its heartbeats,', () => {
    let isThrottled = true;
    const disturb = (call: DisturbedCall) =>
      onUpdate(world, 'tasks', (update) =>
        isThrottled && String(update.input.UpdateExpression).startsWith('SET #leaseExpiresAt')
          ? throttle()
          : update.proceed(),
      )(call);
    beforeEach(() => {
      isThrottled = true;
    });

    it('keeps its lease if one comes through before the end', async () => {
      const { work, lease, finish } = await copying({ disturb });
      await time.pass(2 * THIRD);
      expect(await world.task()).toMatchObject({ leaseExpiresAt: BigInt(NOW + LEASE) });
      isThrottled = false;
      await time.pass(15_000);
      expect(Number((await world.task())?.leaseExpiresAt)).toBeGreaterThan(NOW + 2 * THIRD + LEASE);
      await time.pass(LEASE);
      expect(lease.signal.aborted).toBe(false);
      finish(PROGRESS);
      await work;
      expect(await world.task()).toMatchObject({ state: 'Completed', taskVersion: 1n });
    });

    it('stops 30 s before the lease ends, and not earlier', async () => {
      const { work, lease, breakOff } = await copying({ disturb });
      await time.pass(LEASE - 30_001);
      expect(lease.signal.aborted).toBe(false);
      await time.pass(1);
      expect(lease.signal.aborted).toBe(true);
      // What is left of the lease is enough to give the task back.
      breakOff(new Error('stopped'));
      await work;
      expect(await world.task()).toMatchObject({ state: 'Pending', retries: 1n });
    });
  });

  it('on a lease too short for 30 s stops with a quarter of it left', async () => {
    const disturb = (call: DisturbedCall) => (world.clock.now > NOW ? throttle() : call.proceed());
    const { work, lease, breakOff } = await copying({ disturb, leaseMs: 4_000 });
    await time.pass(2_999);
    expect(lease.signal.aborted).toBe(false);
    await time.pass(1);
    expect(lease.signal.aborted).toBe(true);
    breakOff(new Error('stopped'));
    await time.pass(1_000);
    await work;
  });

  it('never lets the older of two renewals arrive last', async () => {
    const { promise: newerArrived, resolve: newerArrives } = Promise.withResolvers<void>();
    const disturb = onUpdate(world, 'tasks', async (call) => {
      const isOlder = String(call.input.UpdateExpression).includes('copiedBytes');
      // The older is on its way for as long as the newer could take to overtake it.
      if (isOlder) await Promise.race([newerArrived, sleep(200)]);
      const answer = await call.proceed();
      if (!isOlder && world.clock.now > NOW) newerArrives();
      return answer;
    });
    const lease = await claimed(workerIn(world, { time, disturb }));
    const older = lease.heartbeat(PROGRESS);
    world.clock.now += MINUTE;
    const newer = lease.heartbeat();
    expect(await Promise.all([older, newer])).toEqual(['held', 'held']);
    expect(await world.task()).toMatchObject({ leaseExpiresAt: BigInt(NOW + MINUTE + LEASE) });
  });

  it('keeps its lease when DynamoDB does not say how the job is', async () => {
    const disturb = (call: DisturbedCall) =>
      call.operation === 'GetItem' && world.clock.now > NOW ? throttle() : call.proceed();
    const { work, lease, finish } = await copying({ disturb });
    await time.pass(2 * LEASE);
    expect(lease.signal.aborted).toBe(false);
    finish(PROGRESS);
    await work;
    expect(await world.task()).toMatchObject({ state: 'Completed' });
  });

  it('keeps its lease when the answer of a heartbeat is lost', async () => {
    const isHeartbeat = once(loseAnswer);
    const disturb = (call: DisturbedCall) =>
      onUpdate(world, 'tasks', (update) => (world.clock.now > NOW ? isHeartbeat(update) : update.proceed()))(
        call,
      );
    const { work, lease, finish } = await copying({ disturb });
    await time.pass(2 * LEASE);
    expect(lease.signal.aborted).toBe(false);
    finish(PROGRESS);
    await work;
    expect(await world.task()).toMatchObject({ state: 'Completed', taskVersion: 1n });
  });
});

describe('a worker that dies', () => {
  it('loses its lease to the inspector, and its task to the next worker', async () => {
    await world.has(job(), task({ targets: [11n] }), segment(11n));
    await claimed(workerIn(world, { time, nodeId: 'dead' }));
    time.stall(LEASE);
    await world.pass();
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n, lostLeases: 1n });

    const successor = workerIn(world, { time, nodeId: 'successor' });
    expect(await successor.work(await nextMessage(), async () => PROGRESS)).toBe('done');
    expect(await world.task()).toMatchObject({
      state: 'Completed',
      taskVersion: 3n,
      nodeId: 'successor',
      lostLeases: 1n,
    });
  });

  it('without a lease to lose is succeeded after a recovery', async () => {
    await world.has(job(), task({ state: 'InProgress', taskVersion: 1, nodeId: 'dead' }));
    await world.pass({ mode: 'recover' });
    const message = await nextMessage();
    expect(JSON.parse(message)).toMatchObject({ reason: 'recovery', taskVersion: 1 });
    await workerIn(world, { time }).work(message, async () => PROGRESS);
    expect(await world.task()).toMatchObject({ state: 'Completed', taskVersion: 2n, nodeId: 'node-1' });
  });
});

describe('a worker that stalls past its lease and comes back', () => {
  const endings: [string, (lease: Lease) => Promise<string>][] = [
    ['complete', (lease) => lease.complete(PROGRESS)],
    ['fail', (lease) => lease.fail('why')],
    ['retry', (lease) => lease.retry('why')],
    ['hand over', (lease) => lease.handOver(PROGRESS)],
    ['renew', (lease) => lease.heartbeat(PROGRESS)],
  ];

  it.each(endings)('cannot %s what was released', async (_, end) => {
    await world.has(job({ totalTasks: 1 }), task({ targets: [11n] }), segment(11n));
    const lease = await claimed(workerIn(world, { time }));
    time.stall(LEASE);
    await world.pass();
    const before = await world.items();
    expect(await end(lease)).toBe('lost');
    expect(await world.items()).toEqual(before);
    expect(lease.signal.aborted).toBe(true);
  });

  it.each(endings)('cannot %s what its successor copies', async (_, end) => {
    await world.has(job({ totalTasks: 1 }), task({ targets: [11n] }), segment(11n));
    const lease = await claimed(workerIn(world, { time }));
    time.stall(LEASE);
    await world.pass();
    await claimed(workerIn(world, { time, nodeId: 'successor' }), await nextMessage());
    const before = await world.items();
    expect(await end(lease)).toBe('lost');
    expect(await world.items()).toEqual(before);
  });

  it('is told so by the signal itself, before any of its timers fires', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world, { time }));
    expect(lease.signal.aborted).toBe(false);
    time.stall(LEASE);
    expect(lease.signal.aborted).toBe(true);
  });

  it('cannot complete what its successor completed', async () => {
    await world.has(job({ totalTasks: 1 }), task());
    const lease = await claimed(workerIn(world, { time }));
    time.stall(LEASE);
    await world.pass();
    await workerIn(world, { time, nodeId: 'successor' }).work(await nextMessage(), async () => PROGRESS);
    expect(await lease.complete({ copiedObjects: 99, copiedBytes: 99n })).toBe('lost');
    expect(await world.task()).toMatchObject({ nodeId: 'successor', copiedObjects: 3n });
    expect(await world.job()).toMatchObject({ completedTasks: 1n });
  });

  it('stops as soon as it wakes', async () => {
    await world.has(job(), task());
    const { work, lease, breakOff } = await copying();
    time.stall(LEASE);
    await time.pass(0);
    expect(lease.signal.aborted).toBe(true);
    breakOff(lease.signal.reason);
    await work;
  });

  it('may still complete what nobody has taken from it', async () => {
    await world.has(job(), task());
    const lease = await claimed(workerIn(world, { time }));
    time.stall(LEASE + MINUTE);
    expect(await lease.complete(PROGRESS)).toBe('completed');
  });
});

describe('a worker that loses the answer', () => {
  beforeEach(() => world.has(job({ totalTasks: 1, dueAt: NOW + MINUTE }), task()));
  /** Ends a lease, and waits as long as it takes to ask again. */
  const afterAPause = async <T>(ending: Promise<T>): Promise<T> => {
    await time.quiet();
    await time.pass(1_000);
    return ending;
  };
  const losing = () => workerIn(world, { time, disturb: onUpdate(world, 'tasks', once(loseAnswer)) });

  /** The answer of the claim arrives, that of the next change is lost. */
  const losingTheSecond = () => {
    const second = once(loseAnswer);
    let updates = 0;
    const disturb = onUpdate(world, 'tasks', (call) => (++updates === 1 ? call.proceed() : second(call)));
    return workerIn(world, { time, disturb });
  };

  it('of its claim holds the task', async () => {
    const claim = losing().claim(body());
    const { kind } = await afterAPause(claim);
    expect(kind).toBe('claimed');
    expect(await world.task()).toMatchObject({
      state: 'InProgress',
      taskVersion: 1n,
      leaseExpiresAt: BigInt(NOW + LEASE),
    });
  });

  it('of its claim, and finds another node on the task, does not hold it', async () => {
    const disturb = onUpdate(
      world,
      'tasks',
      once(async (call) => {
        await world.put('tasks', {
          ...(await world.task()),
          state: 'InProgress',
          taskVersion: 1,
          nodeId: 'node-2',
          leaseExpiresAt: NOW + LEASE,
          dueAt: NOW + LEASE,
        });
        return call.proceed();
      }),
    );
    expect(await workerIn(world, { time, disturb }).claim(body())).toEqual({ kind: 'stale' });
  });

  it('of its complete has completed the task, and counts it once', async () => {
    const lease = await claimed(losingTheSecond());
    expect(await afterAPause(lease.complete(PROGRESS))).toBe('completed');
    expect(await world.task()).toMatchObject({ state: 'Completed', completedAt: BigInt(NOW) });
    expect(await world.job()).toMatchObject({ completedTasks: 1n, dueAt: BigInt(NOW + 1_000) });
  });

  it('of its failure has failed the task, and tells its job', async () => {
    const lease = await claimed(losingTheSecond());
    expect(await afterAPause(lease.fail('gone'))).toBe('failed');
    expect(await world.task()).toMatchObject({ state: 'Failed', reason: 'gone' });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW + 1_000) });
  });

  it('of its retry has given the task back once', async () => {
    const lease = await claimed(losingTheSecond());
    expect(await afterAPause(lease.retry('SlowDown'))).toBe('retried');
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n, retries: 1n });
  });

  it('of handing over has handed over, also when the inspector has enqueued the task since', async () => {
    const lease = await claimed(losingTheSecond());
    const ending = lease.handOver(PROGRESS);
    await time.quiet();
    await world.pass();
    await time.pass(1_000);
    expect(await ending).toBe('handedOver');
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n, enqueueCount: 1n });
  });

  it('of a retry that never arrived, and finds its lease released, has lost the task', async () => {
    let updates = 0;
    const disturb = onUpdate(world, 'tasks', (call) => (++updates === 2 ? throttle() : call.proceed()));
    const lease = await claimed(workerIn(world, { time, disturb }));
    time.stall(LEASE - 5_000);
    const ending = lease.retry('SlowDown');
    await time.quiet();
    world.clock.now += 5_000;
    await world.pass();
    await time.pass(0);
    expect(await ending).toBe('lost');
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n, lostLeases: 1n });
    expect(await world.task()).not.toHaveProperty('retries');
  });

  it('of handing over, and finds its lease released with the same progress, has lost the task', async () => {
    let updates = 0;
    const disturb = onUpdate(world, 'tasks', (call) => (++updates === 3 ? throttle() : call.proceed()));
    const lease = await claimed(workerIn(world, { time, disturb }));
    await lease.heartbeat(PROGRESS);
    time.stall(LEASE - 5_000);
    const ending = lease.handOver(PROGRESS);
    await time.quiet();
    world.clock.now += 5_000;
    await world.pass();
    await time.pass(0);
    expect(await ending).toBe('lost');
    expect(await world.task()).toMatchObject({ copiedObjects: 3n, lostLeases: 1n });
  });

  it('of every attempt until the lease is over reports nothing', async () => {
    let updates = 0;
    const disturb = onUpdate(world, 'tasks', (call) => (++updates === 1 ? call.proceed() : throttle()));
    const lease = await claimed(workerIn(world, { time, disturb }));
    time.stall(LEASE - 500);
    const ending = lease.complete(PROGRESS);
    await time.pass(500);
    expect(await ending).toBe('lost');
    expect(await world.task()).toMatchObject({ state: 'InProgress' });
    expect(await world.job()).not.toHaveProperty('completedTasks');
  });
});

it('a lease ends once', async () => {
  await world.has(job({ totalTasks: 2 }), task());
  const lease = await claimed(workerIn(world, { time }));
  expect(await lease.complete(PROGRESS)).toBe('completed');
  expect(await lease.complete(PROGRESS)).toBe('lost');
  expect(await lease.fail('why')).toBe('lost');
  expect(await world.task()).toMatchObject({ state: 'Completed' });
  expect(await world.job()).toMatchObject({ completedTasks: 1n });
});

describe('two workers with one message', () => {
  /** Lets nobody change a task before all have read it. */
  const together = (parties: number) => {
    const { promise: allAreThere, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    return async (call: DisturbedCall) => {
      if (++waiting === parties) resolve();
      await allAreThere;
      return call.proceed();
    };
  };

  it('copy the task once', async () => {
    await world.has(job({ totalTasks: 1 }), task());
    const disturb = onUpdate(world, 'tasks', together(2));
    const claims = await Promise.all(
      ['node-1', 'node-2'].map((nodeId) => workerIn(world, { time, nodeId, disturb }).claim(body())),
    );
    expect(claims.map(({ kind }) => kind).sort()).toEqual(['claimed', 'stale']);
    expect(await world.task()).toMatchObject({
      taskVersion: 1n,
      nodeId: claims[0]?.kind === 'claimed' ? 'node-1' : 'node-2',
    });
  });

  it('copy the task once when both are slots of one', async () => {
    await world.has(job({ totalTasks: 1 }), task());
    const worker = workerIn(world, { time });
    const claims = await Promise.all([worker.claim(body()), worker.claim(body({ attempt: 2 }))]);
    expect(claims.map(({ kind }) => kind)).toEqual(['claimed', 'stale']);
  });
});

describe('a hint', () => {
  beforeEach(() => world.has(job({ totalTasks: 2, dueAt: NOW + MINUTE }), task(), task({ taskId: 2n })));

  it('that is lost leaves its task Completed, and the job to its checker', async () => {
    const disturb = onUpdate(world, 'jobs', once(throttle));
    const worker = workerIn(world, { time, disturb });
    for (const taskId of ['1', '2'])
      expect(await worker.work(body({ taskId }), async () => PROGRESS)).toBe('done');
    expect(await world.task(1n)).toMatchObject({ state: 'Completed' });
    expect(await world.task(2n)).toMatchObject({ state: 'Completed' });
    expect(await world.job()).toMatchObject({ completedTasks: 1n, dueAt: BigInt(NOW + MINUTE) });
  });

  it('that is counted twice makes the job due early, and completes nothing', async () => {
    const disturb = onUpdate(
      world,
      'jobs',
      once(async (call) => {
        await call.proceed();
        return call.proceed();
      }),
    );
    await workerIn(world, { time, disturb }).work(body(), async () => PROGRESS);
    expect(await world.job()).toMatchObject({ state: 'Executing', completedTasks: 2n, dueAt: BigInt(NOW) });
    expect(await world.task(2n)).toMatchObject({ state: 'Pending' });
  });

  it('on a counter that is no number leaves its task Completed', async () => {
    await changeJob({ completedTasks: 'two' });
    expect(await (await claimed(workerIn(world, { time }))).complete(PROGRESS)).toBe('completed');
  });

  it('of a failure that is lost leaves its task Failed, which the inspector finds', async () => {
    const disturb = onUpdate(world, 'jobs', throttle);
    const lease = await claimed(workerIn(world, { time, disturb }));
    expect(await lease.fail('gone')).toBe('failed');
    expect(await world.task()).toMatchObject({ state: 'Failed', dueAt: BigInt(NOW) });
  });
});

it('an inspector dispatches again what was given back, when its time has come', async () => {
  await world.has(job(), task());
  const worker = workerIn(world, { time });
  await (await claimed(worker)).retry('SlowDown');
  world.clock.now += 14_999;
  await world.pass();
  expect(await world.messages()).toEqual([]);
  world.clock.now += 1;
  await world.pass();
  await worker.work(await nextMessage(), async () => PROGRESS);
  expect(await world.task()).toMatchObject({ state: 'Completed', taskVersion: 3n, retries: 1n });
  expect(await world.task()).not.toHaveProperty('lostLeases');
});

it('an error that does not pass is not asked again, and reaches the consumer', async () => {
  await world.has(job(), task());
  const refuse = () => {
    throw Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' });
  };
  const disturb = onUpdate(world, 'tasks', refuse);
  await expect(workerIn(world, { time, disturb }).work(body(), async () => PROGRESS)).rejects.toThrow(
    'not allowed',
  );
});
