import { describe, expect, it } from 'vitest';
import { createMeter, meteredDynamo } from '../functions/aws/metered-clients.ts';
import { createTransact } from '../functions/aws/transact.ts';
import { absent } from '../functions/copy-segment/change.ts';
import type { JobState } from '../functions/copy-segment/job.ts';
import type { Part } from '../functions/copy-segment/transaction.ts';
import { job, segment } from './support/builders.ts';
import { cancelled } from './support/cancelled.ts';
import { type Disturbance, disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';

const transactIn = (world: World, disturb?: Disturbance, signal = new AbortController().signal) => {
  const meter = createMeter();
  const clients = meteredDynamo(disturbedClients(disturb).dynamo, meter, signal);
  return Object.assign(createTransact(clients, world.tables), { meter });
};

const jobIs = (state: JobState): Part => ({ check: { table: 'jobs', key: { jobId: 1n }, if: { state } } });
const creation = (segmentId: bigint): Part => ({
  create: { table: 'segments', key: { segmentId }, item: { segmentId, state: 'Importing' } },
});
const flushing: Part = {
  change: {
    table: 'segments',
    key: { segmentId: 11n },
    if: { state: 'Importing', publishedAt: absent },
    set: { state: 'Flushed' },
    remove: ['dropReason'],
  },
};

async function populated(): Promise<World> {
  const world = await embeddedWorld();
  await world.has(job({ state: 'Pending' }), segment(11n, 'Importing', { dropReason: 'old' }), segment(12n));
  return world;
}

describe('a transaction', () => {
  it('checks, changes and creates', async () => {
    const world = await populated();
    const transact = transactIn(world);
    expect(await transact([jobIs('Pending'), flushing, creation(13n)])).toEqual({ kind: 'done' });
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    expect(await world.segment(11n)).not.toHaveProperty('dropReason');
    expect(await world.segment(13n)).toEqual({ segmentId: 13n, state: 'Importing' });
    expect(transact.meter.requests).toEqual({ TransactWriteItems: 1 });
    expect(transact.meter.capacity.writeUnits).toBeGreaterThan(0);
  });

  it.each([
    ['a check', [flushing, jobIs('Executing'), creation(13n)], 1, { jobId: 1n, state: 'Pending' }],
    ['a creation', [creation(13n), flushing, creation(12n)], 2, { segmentId: 12n, numOfRows: 1_000n }],
  ] as const)(
    'that fails over %s makes nothing, and tells which part and what was found',
    async (_, parts, index, item) => {
      const world = await populated();
      const before = await world.items();
      expect(await transactIn(world)(parts)).toEqual({
        kind: 'conditionFailed',
        parts: [{ index, item: expect.objectContaining(item) }],
      });
      expect(await world.items()).toEqual(before);
    },
  );

  it('that fails over a change makes nothing', async () => {
    const world = await populated();
    await world.has(segment(11n, 'Dropped'));
    const before = await world.items();
    expect(await transactIn(world)([creation(13n), flushing])).toMatchObject({
      kind: 'conditionFailed',
      parts: [{ index: 1, item: { state: 'Dropped' } }],
    });
    expect(await world.items()).toEqual(before);
  });

  it.each([
    ['TransactionConflict', 'None'],
    ['None', 'ThrottlingError'],
    ['ProvisionedThroughputExceeded', 'TransactionConflict'],
  ])('that is cancelled for %s and %s is tried again until it is made', async (...codes) => {
    const world = await populated();
    let calls = 0;
    const transact = transactIn(world, ({ proceed }) => {
      if (++calls < 4) throw cancelled(codes);
      return proceed();
    });
    expect(await transact([jobIs('Pending'), flushing])).toEqual({ kind: 'done' });
    expect(calls).toBe(4);
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
  });

  it('whose condition failed is not tried again, whatever else cancelled it', async () => {
    const world = await populated();
    let calls = 0;
    const transact = transactIn(world, () => {
      calls++;
      throw cancelled(['TransactionConflict', 'ConditionalCheckFailed', 'ThrottlingError']);
    });
    expect(await transact([jobIs('Pending'), flushing, creation(13n)])).toEqual({
      kind: 'conditionFailed',
      parts: [{ index: 1 }],
    });
    expect(calls).toBe(1);
  });

  it.each([
    [['ValidationError', 'None'], 'ValidationError'],
    [
      ['TransactionConflict', 'ItemCollectionSizeLimitExceeded'],
      'TransactionConflict, ItemCollectionSizeLimitExceeded',
    ],
  ])('that is cancelled for %j, which does not pass, is not tried again', async (codes, reason) => {
    const world = await populated();
    let calls = 0;
    const transact = transactIn(world, () => {
      calls++;
      throw cancelled(codes);
    });
    expect(await transact([jobIs('Pending'), flushing])).toEqual({ kind: 'failed', reason });
    expect(calls).toBe(1);
  });

  it('that stays in conflict fails in the end, and says why', async () => {
    const world = await populated();
    const before = await world.items();
    let calls = 0;
    const transact = transactIn(world, () => {
      calls++;
      throw cancelled(['None', 'TransactionConflict']);
    });
    expect(await transact([jobIs('Pending'), flushing])).toEqual({
      kind: 'failed',
      reason: 'TransactionConflict',
    });
    expect(calls).toBe(8);
    expect(await world.items()).toEqual(before);
  });

  it('is not tried again once its time is over', async () => {
    const world = await populated();
    const stop = new AbortController();
    let calls = 0;
    const transact = transactIn(
      world,
      () => {
        calls++;
        stop.abort();
        throw cancelled(['TransactionConflict']);
      },
      stop.signal,
    );
    expect(await transact([jobIs('Pending')])).toEqual({ kind: 'failed', reason: 'TransactionConflict' });
    expect(calls).toBe(1);
  });

  it('that gets no answer fails, and does not throw', async () => {
    const world = await populated();
    const transact = transactIn(world, () => {
      throw new Error('no route to host');
    });
    expect(await transact([jobIs('Pending')])).toEqual({ kind: 'failed', reason: 'Error: no route to host' });
  });
});
