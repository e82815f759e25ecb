import { describe, expect, it } from 'vitest';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type Item, type World } from './support/embedded-world.ts';
import { textOf } from './support/fail-statements.ts';

type Change = (world: World) => Promise<void>;

/** Something happens in the world just before the pass writes. */
const justBefore =
  (world: World, operation: string, needle: string, change: Change) =>
  async (call: DisturbedCall): Promise<unknown> => {
    const text = textOf(call.input);
    if (call.operation === operation && text.includes(needle)) await change(world);
    return call.proceed();
  };

/** Changes attributes of task 1 as another writer would. */
const changeTask =
  (attributes: Item): Change =>
  async (world) =>
    world.put('tasks', { ...(await world.task()), ...attributes });

describe('a task that changes between the read and', () => {
  const changes: [string, Item][] = [
    ['another state at the same version', { state: 'Completed' }],
    ['another version in the same state', { taskVersion: 7 }],
  ];

  it.each(changes)('its mark: %s, keeps what its writer wrote', async (_, change) => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const report = await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'enqueuedAt', changeTask(change)) },
    );
    expect(report.tasks).toMatchObject({ enqueued: 0, movedOn: 1 });
    expect(await world.task()).toMatchObject({ enqueueCount: 0n, dueAt: BigInt(NOW - MINUTE) });
  });

  it.each(changes)('its removal from the index: %s, stays in it', async (_, change) => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Completed' }), task());
    const report = await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'REMOVE', changeTask(change)) },
    );
    expect(report.tasks).toMatchObject({ rested: 0, movedOn: 1 });
    expect(await world.task()).toHaveProperty('dueAt');
  });

  it.each(changes)('its release: %s, is not released', async (_, change) => {
    const world = await embeddedWorld();
    await world.has(job(), task(expired));
    await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'lostLeases', changeTask(change)) },
    );
    expect(await world.task()).toMatchObject({ nodeId: 'datanode-1', leaseExpiresAt: BigInt(NOW - MINUTE) });
    expect(await world.messages()).toEqual([]);
  });

  it('its recovery: a renewed lease keeps its place in the index', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ ...leased, dueAt: null }));
    const renewed = { leaseExpiresAt: NOW + HOUR, dueAt: NOW + HOUR };
    const report = await world.pass(
      { mode: 'recover' },
      { disturb: justBefore(world, 'BatchExecuteStatement', 'enqueuedAt', changeTask(renewed)) },
    );
    expect(report.tasks).toMatchObject({ movedOn: 1, mended: 0 });
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW + HOUR), enqueueCount: 0n });
  });

  it('its settlement: a task that is no longer Failed is not settled', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    const report = await world.pass(
      {},
      {
        disturb: justBefore(
          world,
          'BatchExecuteStatement',
          'segmentsDroppedAt',
          changeTask({ state: 'Pending' }),
        ),
      },
    );
    expect(report.tasks).toMatchObject({ settled: 0, movedOn: 1 });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
    expect(await world.task()).toHaveProperty('dueAt');
  });

  it('its settlement: one that another pass settled keeps the time of that', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    await world.pass(
      {},
      {
        disturb: justBefore(
          world,
          'BatchExecuteStatement',
          'segmentsDroppedAt',
          changeTask({ segmentsDroppedAt: 5 }),
        ),
      },
    );
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: 5n });
  });
});

describe('a job that changes between the read and', () => {
  const changeJob =
    (attributes: Item): Change =>
    async (world) =>
      world.put('jobs', { ...(await world.job()), ...attributes });

  it.each([
    ['moves its marker', { dueAt: NOW + MINUTE }],
    ['fails it', { state: 'Failed', dueAt: NOW }],
  ])('its being postponed as unchecked: a checker that %s wins', async (_, change) => {
    const world = await embeddedWorld();
    await world.has(job({ dueAt: NOW - 2 * HOUR }));
    const report = await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'dueAt', changeJob(change)) },
    );
    expect(report.jobs).toMatchObject({ unchecked: 0, movedOn: 1 });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(change.dueAt) });
  });

  it('its settlement: one that another pass settled keeps the time of that', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed' }));
    const settles = changeJob({ segmentsDroppedAt: 5 });
    await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'segmentsDroppedAt', settles) },
    );
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: 5n });
  });

  it('saving its place: one that another pass settled is left as it is', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ state: 'Failed' }),
      taskIds.map((taskId) => task({ taskId, state: 'Completed' })),
    );
    const settles = changeJob({ segmentsDroppedAt: 5 });
    await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'droppedThroughTaskId', settles) },
    );
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: 5n });
    expect(await world.job()).not.toHaveProperty('droppedThroughTaskId');
  });

  it('its settlement: while another pass saves its place, that one settles it', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed' }));
    const keeps = changeJob({ droppedThroughTaskId: 7 });
    const report = await world.pass(
      {},
      { disturb: justBefore(world, 'BatchExecuteStatement', 'SET \\"segmentsDroppedAt', keeps) },
    );
    expect(report.jobs).toMatchObject({ settled: 0, movedOn: 1 });
    await world.pass();
    expect(await world.job()).toHaveProperty('segmentsDroppedAt');
    expect(await world.job()).not.toHaveProperty('droppedThroughTaskId');
  });

  it('enqueuing its last task: the job is read again after a few seconds, and nothing more of a Failed job is sent', async () => {
    for (const mode of ['inspect', 'recover']) {
      const world = await embeddedWorld();
      await world.has(
        job(),
        Array.from({ length: 600 }, (_, index) => task({ taskId: BigInt(index + 1) })),
      );
      let sends = 0;
      const fail = async (): Promise<void> => {
        await world.put('jobs', { ...(await world.job()), state: 'Failed', segmentsDroppedAt: NOW });
        world.clock.now += 6_000;
      };
      let failed: Promise<void> | undefined;
      await world.pass(
        { mode },
        {
          disturb: async ({ operation, proceed }) => {
            if (operation === 'SendMessageBatch' && ++sends >= 10) {
              failed ??= fail();
              await failed;
            }
            return proceed();
          },
        },
      );
      // Ten sends, up to sixteen under way beside them, and the rest of the hundred tasks that were looked up together.
      expect((await world.messages()).length).toBeLessThanOrEqual(300);
    }
  });
});

describe('a read that is not strongly consistent', () => {
  /** DynamoDB may answer such a read, of a table or an index, as things were a moment ago. */
  const lagging =
    (world: World, items: { tasks?: Item[]; jobs?: Item[]; segments?: Item[] }) =>
    async (call: DisturbedCall) => {
      const answer = (await call.proceed()) as {
        output: { Items?: Item[]; Responses?: Record<string, Item[]> };
      };
      for (const [kind, stale] of Object.entries(items) as ['tasks', Item[]][]) {
        const table = world.tables[kind];
        const request = (
          call.input.RequestItems as Record<string, { ConsistentRead?: boolean }> | undefined
        )?.[table];
        if (request && !request.ConsistentRead && answer.output.Responses)
          answer.output.Responses[table] = stale;
        const isWalk = call.operation === 'Query' || call.operation === 'Scan';
        if (isWalk && call.input.TableName === table && !call.input.IndexName && !call.input.ConsistentRead)
          answer.output.Items = stale;
      }
      return answer;
    };
  const asRead = ({ item }: { item: Item }): Item =>
    Object.fromEntries(
      Object.entries(item).map(([name, value]) => [name, typeof value === 'number' ? BigInt(value) : value]),
    );

  it('is not what a drop relies on: a job and a task that were Failed a moment ago lose nothing', async () => {
    for (const mode of ['inspect', 'recover']) {
      const world = await embeddedWorld();
      await world.has(
        job({ jobId: 1n, state: 'Executing', dueAt: NOW - 1 }),
        task({ jobId: 1n, state: 'Completed', targets: [11n] }),
        segment(11n, 'Flushed'),
      );
      const failedJob = asRead(job({ jobId: 1n, state: 'Failed' }));
      const failedTask = asRead(task({ jobId: 1n, state: 'Failed', targets: [11n] }));
      await world.pass({ mode }, { disturb: lagging(world, { jobs: [failedJob], tasks: [failedTask] }) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    }
  });

  it('is not what says that a Failed job has no task, a recovery no job, or a drop no segment', async () => {
    for (const mode of ['inspect', 'recover']) {
      const world = await embeddedWorld();
      await world.has(
        job({ state: 'Failed' }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n, 'Flushed'),
      );
      await world.pass({ mode }, { disturb: lagging(world, { jobs: [], tasks: [], segments: [] }) });
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    }
  });
});

describe('an index that changes while it is read', () => {
  it('may show a task, or a job, twice: each is taken once', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ taskId: 1n, state: 'Failed', targets: [11n] }),
      task({ taskId: 2n }),
      segment(11n),
      job({ jobId: 2n, state: 'Failed' }),
    );
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          const answer = (await proceed()) as { output: { Items: Item[] } };
          if (operation === 'Query' && input.IndexName === 'due')
            answer.output.Items.push(...answer.output.Items);
          return answer;
        },
      },
    );
    expect(report).toMatchObject({
      tasks: { settled: 1, enqueued: 1, movedOn: 0 },
      jobs: { settled: 1, movedOn: 0 },
    });
    expect(await world.messages()).toHaveLength(1);
  });
});
