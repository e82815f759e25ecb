import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type Buckets, createBuckets } from '../engines/buckets.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import { createS3Worker, type S3WorkerConfig } from '../functions/worker-s3/s3-worker.ts';
import { CUT_OFF_MS, createTimeLeft, HAND_OVER_MS } from '../functions/worker-s3/time-left.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { atOnce, identity, SOURCE_ROOT, TARGET_ROOT } from './support/copying-world.ts';
import { disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';
import { manualTime } from './support/manual-time.ts';
import { type Fault, type S3Request, s3InBetween, writesByKey } from './support/s3-in-between.ts';
import { body } from './support/worker-in.ts';

let world: World;
let buckets: Buckets;
let writes: Record<string, number>;

beforeEach(async () => {
  world = await embeddedWorld();
  buckets = await createBuckets({ s3: { ...identity, endpoint: inject('s3Endpoint') } });
  writes = {};
});
afterEach(() => buckets.destroy());

const FILES = ['101/1', '101/2', '102/3'];

/** A task of two segments with three files each. */
async function restore(): Promise<void> {
  await world.has(
    job({
      source: { bucket: buckets.source, rootPath: SOURCE_ROOT },
      target: { bucket: buckets.target, rootPath: TARGET_ROOT },
      totalTasks: 1,
      dueAt: NOW + HOUR,
    }),
    task({
      idMappings: [11n, 12n].map((targetSegmentId) => ({
        sourceSegmentId: targetSegmentId + 1_000n,
        targetSegmentId,
        partitionId: 3n,
      })),
    }),
    segment(11n),
    segment(12n),
  );
  for (const id of [1_011n, 1_012n])
    for (const file of FILES)
      await buckets.put(`${SOURCE_ROOT}/insert_log/7/3/${id}/${file}`, `${id} ${file}`);
}

const TARGETS = Object.fromEntries(
  [11n, 12n].flatMap((id) =>
    FILES.map((file) => [`${TARGET_ROOT}/insert_log/7/3/${id}/${file}`, `${id + 1_000n} ${file}`]),
  ),
);
const ALL_BYTES = Object.values(TARGETS).join('').length;

async function expectEqualObjects(): Promise<void> {
  const objects = await buckets.objects(buckets.target);
  expect(Object.fromEntries([...objects].map(([key, bytes]) => [key, bytes.toString()]))).toEqual(TARGETS);
  expect(writes).toEqual(Object.fromEntries(Object.keys(TARGETS).map((key) => [key, 1])));
}

interface WorkOptions extends Partial<S3WorkerConfig> {
  readonly message?: string;
  readonly remainingMs?: () => number;
  readonly fault?: (request: S3Request) => Fault | Promise<Fault>;
}

/** One worker, one message. */
async function work({ message = body(), remainingMs, fault, ...config }: WorkOptions = {}) {
  const between = await s3InBetween(inject('s3Endpoint'), fault);
  const s3 = createS3Client({ ...identity, endpoint: between.endpoint, retryStrategy: atOnce });
  const worker = createS3Worker({
    dynamo: disturbedClients().dynamo,
    tables: world.tables,
    s3,
    nodeId: 'node-1',
    now: () => world.clock.now,
    after: manualTime(world.clock).after,
    ...config,
  });
  try {
    return await worker(message, remainingMs);
  } finally {
    s3.destroy();
    await between.close();
    for (const [key, times] of Object.entries(writesByKey(between.carried)))
      writes[key] = (writes[key] ?? 0) + times;
  }
}

describe('the reference worker', () => {
  it('copies the objects of its task, and completes it', async () => {
    await restore();
    expect(await work()).toBe('done');
    expect(await world.task()).toMatchObject({
      state: 'Completed',
      nodeId: 'node-1',
      copiedObjects: 6n,
      copiedBytes: BigInt(ALL_BYTES),
    });
    expect(await world.job()).toMatchObject({ completedTasks: 1n, dueAt: BigInt(NOW) });
    await expectEqualObjects();
  });

  it('writes nothing for a message that is old, and copies nothing twice for one that comes twice', async () => {
    await restore();
    await work();
    expect(await work()).toBe('done');
    expect(await work({ message: body({ taskVersion: 1 }) })).toBe('done');
    await expectEqualObjects();
  });

  it('leaves what is no message to the dead letters', async () => {
    expect(await work({ message: 'not about a task' })).toBe('dead');
  });

  it.each([
    [
      'a source object is gone',
      () => buckets.remove(`${SOURCE_ROOT}/insert_log/7/3/1011/101/1`),
      'is missing',
    ],
    [
      'one has changed',
      () => buckets.put(`${SOURCE_ROOT}/insert_log/7/3/1011/101/1`, 'x'),
      'bytes, 10 were listed',
    ],
  ])('fails the task if %s since it was listed', async (_, change, reason) => {
    await restore();
    let isChanged = false;
    const fault = async ({ operation }: S3Request): Promise<Fault> => {
      if (operation === 'HeadObject' && !isChanged) {
        isChanged = true;
        await change();
      }
      return 'none';
    };
    await work({ fault });
    expect(await world.task()).toMatchObject({
      state: 'Failed',
      reason: expect.stringContaining(reason),
      dueAt: BigInt(NOW),
    });
    expect(await world.job()).toMatchObject({ state: 'Executing', dueAt: BigInt(NOW) });
  });

  it('fails the task if its segment has rows and no objects', async () => {
    await restore();
    for (const file of FILES) await buckets.remove(`${SOURCE_ROOT}/insert_log/7/3/1012/${file}`);
    await work();
    expect(await world.task()).toMatchObject({
      state: 'Failed',
      reason: 'source segment 1012 has no objects; its rows: 1000',
    });
  });

  it('takes a segment that has no rows as it is', async () => {
    await restore();
    await world.has(segment(12n, 'Importing', { numOfRows: 0 }));
    for (const file of FILES) await buckets.remove(`${SOURCE_ROOT}/insert_log/7/3/1012/${file}`);
    await work();
    expect(await world.task()).toMatchObject({ state: 'Completed', copiedObjects: 3n });
  });

  it('fails a task that nobody could copy', async () => {
    await restore();
    await world.has(job());
    await work();
    expect(await world.task()).toMatchObject({
      state: 'Failed',
      reason: expect.stringContaining('job: source'),
    });
  });

  it('gives the task back while S3 answers nothing but SlowDown, and says why', async () => {
    await restore();
    await work({ fault: () => ({ status: 503, code: 'SlowDown' }) });
    expect(await world.task()).toMatchObject({
      state: 'Pending',
      retries: 1n,
      reason: expect.stringContaining('SlowDown'),
      dueAt: BigInt(NOW + 15_000),
    });
    await work({ message: body({ taskVersion: 2 }) });
    expect(await world.task()).toMatchObject({ state: 'Completed', copiedObjects: 6n });
    await expectEqualObjects();
  });
});

describe('a worker whose time is nearly over', () => {
  it('hands the task over with what it has copied; the next one copies the rest', async () => {
    await restore();
    let copies = 0;
    const fault = async ({ operation, key }: S3Request): Promise<Fault> => {
      if (operation === 'CopyObject') copies++;
      // The second segment is listed once the time is over.
      while (operation === 'ListObjectsV2' && key.includes('/1012/') && copies === 0)
        await new Promise(setImmediate);
      return 'none';
    };
    await work({ fault, remainingMs: () => (copies > 0 ? HAND_OVER_MS - 1 : 10 * MINUTE) });
    const handedOver = await world.task();
    expect(handedOver).toMatchObject({ state: 'Pending', taskVersion: 2n, dueAt: BigInt(NOW) });
    expect(handedOver).not.toHaveProperty('retries');
    expect(handedOver).not.toHaveProperty('leaseExpiresAt');
    expect(Number(handedOver?.copiedObjects)).toBeGreaterThan(0);
    expect(Number(handedOver?.copiedObjects)).toBeLessThan(6);

    await work({ message: body({ taskVersion: 2 }) });
    expect(await world.task()).toMatchObject({ state: 'Completed', copiedObjects: 6n });
    await expectEqualObjects();
  });

  it('without anything copied counts as a retry: it would go round for ever', async () => {
    await restore();
    await work({ remainingMs: () => HAND_OVER_MS - 1 });
    expect(await world.task()).toMatchObject({ state: 'Pending', retries: 1n, dueAt: BigInt(NOW + 15_000) });
    expect(await buckets.objects(buckets.target)).toEqual(new Map());
  });

  it('starts nothing in its last minute, and is cut off 20 s before its end', () => {
    vi.useFakeTimers();
    try {
      const end = Date.now() + 5 * MINUTE;
      const time = createTimeLeft(() => end - Date.now());
      vi.advanceTimersByTime(4 * MINUTE);
      expect(time.isOver()).toBe(false);
      vi.advanceTimersByTime(1);
      expect([time.isOver(), time.signal.aborted]).toEqual([true, false]);
      vi.advanceTimersByTime(MINUTE - CUT_OFF_MS);
      expect(time.signal.aborted).toBe(true);
      time.end();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a worker that dies', () => {
  it('in the middle of its task is followed by another one, once the inspector has released it', async () => {
    await restore();
    let copies = 0;
    const dead = work({
      leaseMs: 10 * MINUTE,
      // It lives on for the test, but neither S3 nor DynamoDB hears of it again.
      dynamo: dyingDynamo(() => copies >= 2),
      fault: ({ operation }) => {
        if (copies >= 2) return 'drop';
        if (operation === 'CopyObject') copies++;
        return 'none';
      },
    });
    await dead.catch(() => {});
    expect(await world.task()).toMatchObject({ state: 'InProgress', taskVersion: 1n });

    world.clock.now += 11 * MINUTE;
    await world.pass();
    const [message] = await world.messages();
    expect(message).toMatchObject({ reason: 'lease-expired', taskVersion: 2 });
    await work({ message: JSON.stringify(message), nodeId: 'node-2' });
    expect(await world.task()).toMatchObject({ state: 'Completed', nodeId: 'node-2', copiedObjects: 6n });
    await expectEqualObjects();
  });

  it('or was only slow, and comes back when another one has the task, writes nothing more', async () => {
    await restore();
    const time = manualTime(world.clock);
    let isAwake = false;
    const stall = async (): Promise<void> => {
      time.stall(11 * MINUTE);
      await world.pass();
      await time.pass(1);
      isAwake = true;
    };
    let stalled: Promise<void> | undefined;
    const fault = async ({ operation }: S3Request): Promise<Fault> => {
      if (operation !== 'CopyObject' || isAwake) return 'none';
      stalled ??= stall();
      await stalled;
      return 'drop';
    };
    // A process that is suspended asks nobody for anything before it is awake again.
    const { dynamo } = disturbedClients(async ({ proceed }) => {
      if (!isAwake) await stalled;
      return proceed();
    });
    await work({ dynamo, after: time.after, fault });
    expect(await buckets.objects(buckets.target)).toEqual(new Map());
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n, lostLeases: 1n });
    const [message] = await world.messages();
    await work({ message: JSON.stringify(message), nodeId: 'node-2' });
    expect(await world.task()).toMatchObject({ state: 'Completed', nodeId: 'node-2' });
    await expectEqualObjects();
  });
});

/** A client that fails for good once its process is dead. */
function dyingDynamo(isDead: () => boolean) {
  return disturbedClients(({ proceed }) => {
    if (isDead()) throw Object.assign(new Error('the process is dead'), { name: 'Dead' });
    return proceed();
  }).dynamo;
}
