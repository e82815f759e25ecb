import { describe, expect, it } from 'vitest';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { textOf } from './support/fail-statements.ts';

const recover = { mode: 'recover' };
const unmarked = { dueShard: null, dueAt: null };
const keys = (messages: { jobId: string; taskId: string }[]): string[] =>
  messages.map(({ jobId, taskId }) => `${jobId}/${taskId}`);

describe('recovery', () => {
  it('enqueues every InProgress task of a running job whether or not its lease has run out', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ taskId: 1n, ...leased, taskVersion: 4, enqueueCount: 2 }),
      task({ taskId: 2n, ...expired }),
      task({ taskId: 3n, state: 'InProgress' }),
    );
    await world.pass(recover);
    expect(await world.messages()).toMatchObject([
      { taskId: '1', reason: 'recovery', taskVersion: 4, attempt: 3 },
      { taskId: '2', reason: 'lease-expired', taskVersion: 2, attempt: 1 },
      { taskId: '3', reason: 'recovery', taskVersion: 1, attempt: 1 },
    ]);
    expect(await world.task(1n)).toMatchObject({
      state: 'InProgress',
      nodeId: 'datanode-1',
      taskVersion: 4n,
    });
  });

  it('looks at a recovered task again when its lease runs out, and not if it has none: a recovery message can be claimed', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ taskId: 1n, ...leased }), task({ taskId: 3n, state: 'InProgress' }));
    await world.pass(recover);
    expect(await world.task(1n)).toMatchObject({ enqueueCount: 1n, dueAt: BigInt(NOW + 10 * MINUTE) });
    expect(await world.task(3n)).toMatchObject({ enqueueCount: 1n });
    expect(await world.task(3n)).not.toHaveProperty('dueAt');
  });

  it('enqueues Pending tasks that are not due yet: the queue may have lost them', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ enqueueCount: 1, dueAt: NOW + 5 * MINUTE }));
    await world.pass(recover);
    expect(await world.messages()).toMatchObject([{ reason: 'pending', attempt: 2 }]);
    expect(await world.task()).toMatchObject({ dueAt: BigInt(NOW + 30 * MINUTE) });
  });

  it('leaves InProgress tasks of finished jobs alone', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Completed' }), task(leased));
    await world.pass(recover);
    expect(await world.messages()).toEqual([]);
    expect(await world.task()).not.toHaveProperty('dueAt');
  });

  it('walks jobs in ascending id, and their tasks, across windows', async () => {
    const world = await embeddedWorld({ windowSize: 2 });
    const jobIds = [449_999_999_999_999_991n, 10n, 9n, 100n, 2n];
    await world.has(
      jobIds.flatMap((jobId) => [job({ jobId }), task({ jobId, taskId: 10n }), task({ jobId, taskId: 9n })]),
    );
    await world.pass(recover);
    expect(keys(await world.messages())).toEqual(
      ['2', '9', '10', '100', '449999999999999991'].flatMap((id) => [`${id}/9`, `${id}/10`]),
    );
  });

  it('resumes at a job, and keeps to the jobs that are named', async () => {
    const world = await embeddedWorld();
    await world.has([1n, 2n, 3n, 4n].flatMap((jobId) => [job({ jobId }), task({ jobId })]));
    await world.pass({ ...recover, fromJobId: '3' });
    expect(keys(await world.messages())).toEqual(['3/1', '4/1']);
    await world.pass({ ...recover, jobIds: ['4', '2'] });
    expect(keys(await world.messages())).toEqual(['2/1', '4/1']);
    await world.pass({ ...recover, jobIds: ['4', '2'], fromJobId: '3' });
    expect(keys(await world.messages())).toEqual(['4/1']);
  });

  it('drops what failed although nothing says that it is due', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ jobId: 1n, ...unmarked }),
      task({ taskId: 1n, state: 'Failed', targets: [11n], ...unmarked }),
      job({ jobId: 2n, state: 'Failed', ...unmarked }),
      task({ jobId: 2n, taskId: 2n, state: 'Completed', targets: [21n], ...unmarked }),
      task({ jobId: 2n, taskId: 3n, state: 'Failed', targets: [22n], ...unmarked }),
      task({ jobId: 3n, taskId: 4n, state: 'Failed', targets: [31n], ...unmarked }),
      segment(11n),
      [21n, 22n].map((id) => segment(id, 'Flushed', { jobId: 2n })),
      segment(31n, 'Growing', { jobId: 3n }),
    );
    const report = await world.pass(recover);
    const { segments } = await world.items();
    expect(segments.map(({ state }) => state)).toEqual(Array(4).fill('Dropped'));
    expect(await world.job(2n)).toHaveProperty('segmentsDroppedAt');
    for (const [taskId, jobId] of [
      [1n, 1n],
      [3n, 2n],
      [4n, 3n],
    ] as const)
      expect(await world.task(taskId, jobId)).toHaveProperty('segmentsDroppedAt');
    expect(report.segments).toMatchObject({ dropped: 4, alreadyDropped: 0 });
  });
});

describe('recovery of what is in order', () => {
  it('writes nothing to what is done, and reads no segment of what is settled', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ jobId: 1n, state: 'Completed' }),
      task({ jobId: 1n, state: 'Completed' }),
      job({ jobId: 2n, state: 'Failed' }),
      task({ jobId: 2n, state: 'Failed', segmentsDroppedAt: NOW - HOUR, targets: [21n] }),
      segment(21n, 'Flushed', { jobId: 2n }),
    );
    const report = await world.pass(recover);
    expect(report.read.segments).toBe(0);
    expect(report.requests.byOperation).toMatchObject({ BatchExecuteStatement: 1 });
    expect(report.jobs).toMatchObject({ settled: 1 });
  });
});

describe('recovery of tables whose writers know nothing of the marker', () => {
  it('gives every task that waits for something a marker that an inspection finds', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(unmarked),
      task({ taskId: 1n, ...unmarked }),
      task({ taskId: 2n, ...leased, ...unmarked }),
      task({ taskId: 3n, state: 'InProgress', ...unmarked }),
      task({ taskId: 4n, ...expired, ...unmarked }),
      task({ taskId: 5n, state: 'Completed', ...unmarked }),
      task({ jobId: 404n, taskId: 6n, ...unmarked }),
    );
    const report = await world.pass(recover);
    const { tasks } = await world.items();
    expect(tasks.map(({ taskId, dueShard, dueAt }) => [taskId, dueShard, dueAt])).toEqual([
      [1n, 1n, BigInt(NOW + 15 * MINUTE)],
      [2n, 2n, BigInt(NOW + 10 * MINUTE)],
      [3n, 3n, undefined],
      [4n, 0n, BigInt(NOW + 15 * MINUTE)],
      [5n, undefined, undefined],
      [6n, 2n, BigInt(NOW + 6 * HOUR)],
    ]);
    expect(report.tasks.mended).toBe(4);

    await world.messages();
    world.clock.now = NOW + 15 * MINUTE;
    await world.pass();
    expect((await world.messages()).map(({ taskId }) => taskId).sort()).toEqual(['1', '2', '4']);
  });

  it('mends markers that are wrong: of finished tasks, of running leases, in a shard that no pass asks', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ jobId: 1n, state: 'Executing' }),
      job({ jobId: 3n, state: 'Completed', dueAt: NOW + HOUR }),
      task({ taskId: 1n, state: 'Completed', dueAt: NOW + HOUR }),
      task({ taskId: 2n, ...leased, dueAt: NOW + 5 * HOUR }),
      task({ taskId: 3n, state: 'Failed', segmentsDroppedAt: NOW - HOUR, dueAt: NOW - HOUR }),
      task({ taskId: 4n, dueShard: 77 }),
      job({ jobId: 2n, state: 'Failed', segmentsDroppedAt: NOW - HOUR, dueAt: NOW - HOUR }),
    );
    await world.pass(recover);
    expect(await world.job(3n)).not.toHaveProperty('dueAt');
    expect(await world.job(2n)).not.toHaveProperty('dueAt');
    expect(await world.task(1n)).not.toHaveProperty('dueAt');
    expect(await world.task(2n)).toMatchObject({ dueAt: BigInt(NOW + 10 * MINUTE) });
    expect(await world.task(3n)).not.toHaveProperty('dueAt');
    expect(await world.task(3n)).toMatchObject({ segmentsDroppedAt: BigInt(NOW - HOUR) });
    expect(await world.task(4n)).toMatchObject({ dueShard: 0n });
  });

  it('keeps the shard of an item that was made when there were fewer shards', async () => {
    const world = await embeddedWorld({ shards: 8 });
    await world.has(job(), task({ taskId: 7n, dueShard: 3 }));
    await world.pass(recover);
    expect(await world.task(7n)).toMatchObject({ dueShard: 3n });
  });

  it('gives a marker with a release whose message is then rejected, and with a failure whose drop then fails', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      task({ taskId: 1n, ...expired, ...unmarked }),
      task({ taskId: 2n, ...expired, taskVersion: 19, lostLeases: 9, targets: [11n], ...unmarked }),
      segment(11n),
    );
    await world.pass(recover, {
      disturb: async ({ operation, input, proceed }) => {
        const text = textOf(input);
        if (operation === 'SendMessageBatch' || text.includes('dropReason')) throw new Error('down');
        return proceed();
      },
    });
    expect(await world.task(1n)).toMatchObject({ state: 'Pending', dueShard: 1n, dueAt: BigInt(NOW) });
    expect(await world.task(2n)).toMatchObject({
      state: 'Failed',
      completedAt: BigInt(NOW),
      dueShard: 2n,
      dueAt: BigInt(NOW),
    });
  });

  it('gives a job a marker whose settlement fails', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed', ...unmarked }));
    await world.pass(recover, {
      disturb: async ({ operation, input, proceed }) => {
        const statements =
          operation === 'BatchExecuteStatement' ? (input.Statements as { Statement: string }[]) : [];
        if (statements.some(({ Statement }) => Statement.includes('SET "segmentsDroppedAt"')))
          throw new Error('down');
        return proceed();
      },
    });
    expect(await world.job()).toMatchObject({ dueShard: 1n, dueAt: BigInt(NOW) });
    expect(await world.job()).not.toHaveProperty('segmentsDroppedAt');
  });

  it('gives a marker to what could not be done, so that the next inspection tries', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ jobId: 1n }),
      task({ taskId: 1n, ...unmarked }),
      task({ taskId: 2n, state: 'Failed', targets: [11n], ...unmarked }),
      segment(11n),
      job({ jobId: 2n, state: 'Failed', ...unmarked }),
      task({ jobId: 2n, taskId: 3n, state: 'Completed', targets: [21n], ...unmarked }),
      segment(21n, 'Flushed', { jobId: 2n }),
    );
    await world.pass(recover, {
      disturb: async ({ operation, input, proceed }) => {
        const touchesSegments = textOf(input).includes('dropReason');
        if (operation === 'SendMessageBatch' || touchesSegments) throw new Error('down');
        return proceed();
      },
    });
    expect(await world.task(1n)).toMatchObject({ dueShard: 1n, dueAt: BigInt(NOW) });
    expect(await world.task(2n)).toMatchObject({ dueShard: 2n, dueAt: BigInt(NOW) });
    expect(await world.job(2n)).toMatchObject({ dueShard: 2n, dueAt: BigInt(NOW) });

    await world.pass();
    expect(keys(await world.messages())).toEqual(['1/1']);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.segment(21n)).toMatchObject({ state: 'Dropped' });
  });

  it('mends a marker in the far future before anything else: what then fails is still found', async () => {
    const world = await embeddedWorld();
    const nanoseconds = BigInt(NOW) * 1_000_000n;
    await world.has(
      job({ jobId: 1n }),
      task({ taskId: 1n, dueAt: nanoseconds }),
      task({ taskId: 2n, ...expired, dueAt: nanoseconds }),
      task({ taskId: 3n, state: 'Failed', targets: [11n], dueAt: nanoseconds }),
      task({ taskId: 4n, ...leased, dueAt: NOW + 11 * MINUTE }),
      task({ taskId: 5n, collectionId: 'one', dueAt: nanoseconds }),
      task({ taskId: 6n, jobId: 404n, dueAt: nanoseconds }),
      segment(11n),
      job({ jobId: 2n, state: 'Failed', dueAt: nanoseconds }),
      task({ jobId: 2n, taskId: 7n, state: 'Completed', targets: [21n] }),
      segment(21n, 'Flushed', { jobId: 2n }),
    );
    await world.pass(recover, {
      disturb: async ({ operation, input, proceed }) => {
        const text = textOf(input);
        const isMarker = text.includes('SET \\"dueAt');
        const isWrite = operation === 'BatchExecuteStatement' || operation === 'UpdateItem';
        if (operation === 'SendMessageBatch' || (isWrite && !isMarker)) throw new Error('down');
        return proceed();
      },
    });
    const { jobs, tasks } = await world.items();
    expect(tasks.map(({ taskId, dueAt }) => [taskId, Number(dueAt) - NOW])).toEqual([
      [1n, 0],
      [2n, 0],
      [3n, 0],
      [4n, 0],
      [5n, 6 * HOUR],
      [7n, Number.NaN],
      [6n, 6 * HOUR],
    ]);
    expect(jobs[1]).toMatchObject({ jobId: 2n, dueAt: BigInt(NOW) });
    await world.pass();
    expect((await world.items()).segments.map(({ state }) => state)).toEqual(['Dropped', 'Dropped']);
  });
});
