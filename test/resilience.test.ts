import { describe, expect, it } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld, type World } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';
import { failStatements, type Statement, textOf } from './support/fail-statements.ts';

/** Every other statement of a batch fails, `times` times, before it is let through. */
function throttleStatements(code: string, times: number) {
  const failures = new Map<string, number>();
  return async (call: DisturbedCall): Promise<unknown> => {
    if (call.operation !== 'BatchExecuteStatement') return call.proceed();
    const isThrottled = (statement: Statement, index: number): boolean => {
      const failed = failures.get(textOf(statement)) ?? 0;
      if (failed >= times || index % 2 === 1) return false;
      failures.set(textOf(statement), failed + 1);
      return true;
    };
    return failStatements(call, isThrottled, { Code: code, Message: 'slow down' });
  };
}

describe('throttled statements inside a batch that succeeds', () => {
  it.each([
    'ThrottlingError',
    'ProvisionedThroughputExceeded',
    'RequestLimitExceeded',
    'InternalServerError',
    'TransactionConflict',
  ])('%s: they are tried again until they go through', async (code) => {
    const world = await embeddedWorld();
    const targets = Array.from({ length: 30 }, (_, index) => BigInt(100 + index));
    await world.has(
      job(),
      task({ state: 'Failed', targets }),
      targets.map((id) => segment(id)),
      task({ taskId: 2n }),
    );
    const report = await world.pass({}, { disturb: throttleStatements(code, 3) });
    expect(report.segments).toMatchObject({ dropped: 30, failed: 0 });
    expect(report.tasks).toMatchObject({ enqueued: 1, settled: 1, failed: 0 });
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('are abandoned in the end: the task stays due, with the reason', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    const report = await world.pass({}, { disturb: throttleStatements('ThrottlingError', 1_000) });
    expect(report.segments).toMatchObject({ dropped: 0, failed: 1 });
    expect(report.problems).toMatchObject([{ kind: 'failed', reason: 'ThrottlingError: slow down' }]);
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('keys that DynamoDB leaves unprocessed', () => {
  it('are read again', async () => {
    const world = await embeddedWorld();
    const targets = Array.from({ length: 40 }, (_, index) => BigInt(100 + index));
    await world.has(
      job(),
      task({ state: 'Failed', targets }),
      targets.map((id) => segment(id)),
    );
    let left = 3;
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          if (operation !== 'BatchGetItem' || left-- <= 0) return proceed();
          const [[table, request]] = Object.entries(
            input.RequestItems as Record<string, { Keys: unknown[] }>,
          ) as [[string, { Keys: unknown[] }]];
          const [first, ...others] = request.Keys;
          input.RequestItems = { [table]: { ...request, Keys: [first] } };
          const answer = (await proceed()) as { output: Record<string, unknown> };
          if (others.length > 0) answer.output.UnprocessedKeys = { [table]: { ...request, Keys: others } };
          return answer;
        },
      },
    );
    expect(report.segments.dropped).toBe(40);
  });
});

describe('a failing write', () => {
  const failing =
    (operation: string, needle: string) =>
    async (call: DisturbedCall): Promise<unknown> => {
      const text = textOf(call.input);
      if (call.operation === operation && text.includes(needle))
        throw Object.assign(new Error('rate of requests exceeds the limit'), { name: 'ThrottlingException' });
      return call.proceed();
    };

  it('of the mark leaves the task due: the message is sent once more, never not at all', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const report = await world.pass({}, { disturb: failing('BatchExecuteStatement', 'enqueuedAt') });
    expect(report.tasks).toMatchObject({ enqueued: 0, failed: 1 });
    expect(report.problems).toMatchObject([
      {
        key: { jobId: '1', taskId: '1' },
        reason: expect.stringMatching(/sent, but not marked.*ThrottlingException/),
      },
    ]);
    await world.pass();
    expect((await world.messages()).map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(await world.task()).toMatchObject({ enqueueCount: 1n });
  });

  it('of the settlement leaves the task due: the next pass finds its targets dropped', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    const report = await world.pass({}, { disturb: failing('BatchExecuteStatement', 'segmentsDroppedAt') });
    expect(report.segments.dropped).toBe(1);
    expect(report.tasks).toMatchObject({ settled: 0, failed: 1 });
    expect((await world.pass()).segments.alreadyDropped).toBe(1);
    expect(await world.task()).toHaveProperty('segmentsDroppedAt');
  });

  it('of the settlement of a task keeps its Failed job due as well', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Failed' }),
      task({ state: 'Failed', targets: [11n], dueAt: null }),
      segment(11n),
    );
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          const statements =
            operation === 'BatchExecuteStatement' ? (input.Statements as { Statement: string }[]) : [];
          if (statements.some(({ Statement }) => Statement.includes('-tasks"'))) throw new Error('down');
          return proceed();
        },
      },
    );
    expect(report.jobs).toMatchObject({ settled: 0, unsettled: 1 });
    expect(await world.job()).toHaveProperty('dueAt');
  });

  it('of the release sends nothing', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'InProgress', leaseExpiresAt: 1 }));
    const report = await world.pass({}, { disturb: failing('BatchExecuteStatement', 'lostLeases') });
    expect(report.tasks).toMatchObject({ released: 0, failed: 1 });
    expect(await world.messages()).toEqual([]);
  });

  it('of the read of segments keeps the task due', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n, 'Growing'));
    const report = await world.pass({}, { disturb: failing('BatchGetItem', 'segments') });
    expect(report.segments).toMatchObject({ failed: 1 });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('an engine that returns one item per page', () => {
  it.each(['inspect', 'recover'])('%s: ends in the same state', async (mode) => {
    const [paged, whole] = [await embeddedWorld(), await embeddedWorld()];
    await paged.has(everySituation());
    await whole.has(everySituation());
    await whole.pass({ mode });
    await paged.pass(
      { mode },
      {
        disturb: async ({ operation, input, proceed }) => {
          if (operation === 'Query' || operation === 'Scan') input.Limit = 1;
          return proceed();
        },
      },
    );
    expect(await paged.items()).toEqual(await whole.items());
    expect(await paged.messages()).toEqual(await whole.messages());
  });
});

describe('a read that the pass cannot do without', () => {
  it('ends it with the error of the service', async () => {
    const world = await embeddedWorld();
    const pass = world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'Query')
            throw Object.assign(new Error('no access to the index'), { name: 'AccessDenied' });
          return proceed();
        },
      },
    );
    await expect(pass).rejects.toThrow('no access to the index');
  });

  it('leaves nothing running beside the next pass', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 400 }, (_, index) => BigInt(index + 1));
    await world.has(
      job({ jobId: 2n, state: 'Failed' }),
      taskIds.map((taskId) => task({ jobId: 2n, taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed', { jobId: 2n })),
    );
    let writes = 0;
    let openAtTheEnd = 0;
    const pass = world.pass(
      {},
      {
        onVerdict: () => {
          throw new Error('gone');
        },
        disturb: async ({ operation, proceed }) => {
          if (operation === 'BatchExecuteStatement') writes++;
          return proceed();
        },
      },
    );
    await expect(pass).rejects.toThrow('gone');
    openAtTheEnd = writes;
    await world.pass();
    expect(writes).toBe(openAtTheEnd);
  });

  it('reports what it had done by then', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task(), job({ jobId: 2n, state: 'Failed' }));
    const crashes: PassReport[] = [];
    const pass = world.pass(
      {},
      {
        onError: (report) => crashes.push(report),
        onVerdict: ({ taskId }) => {
          if (taskId === undefined) throw new Error('gone');
        },
      },
    );
    await expect(pass).rejects.toThrow('gone');
    expect(crashes).toMatchObject([{ complete: false, tasks: { enqueued: 1 } }]);
  });
});

/** Whatever asks for tasks of this job is throttled, however often it is tried. */
const hotPartition =
  (world: World, jobId: bigint) =>
  async ({ operation, input, proceed }: DisturbedCall): Promise<unknown> => {
    const text = textOf(input);
    const isOfTasks =
      operation === 'BatchGetItem'
        ? text.includes(world.tables.tasks)
        : input.TableName === world.tables.tasks;
    const isRead = operation === 'BatchGetItem' || (operation === 'Query' && input.IndexName === undefined);
    if (isRead && isOfTasks && text.includes(`jobId":"${jobId}"`))
      throw Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' });
    return proceed();
  };

describe('one hot partition', () => {
  const jobIds = Array.from({ length: 20 }, (_, index) => BigInt(index + 1));
  const HOT = 7n;
  const records = jobIds.flatMap((jobId) => [
    job({ jobId }),
    task({ jobId, taskId: 1n }),
    task({ jobId, taskId: 2n, state: 'Failed', targets: [jobId * 10n] }),
    segment(jobId * 10n, 'Importing', { jobId }),
    job({ jobId: 100n + jobId, state: 'Failed' }),
    task({ jobId: 100n + jobId, taskId: 1n, state: 'Completed', targets: [jobId * 10n + 1n] }),
    segment(jobId * 10n + 1n, 'Flushed', { jobId: 100n + jobId }),
  ]);

  it.each([HOT, 100n + HOT])('of job %s stops neither the other jobs nor the next pass', async (hot) => {
    const world = await embeddedWorld();
    await world.has(records);
    const report = await world.pass({}, { disturb: hotPartition(world, hot) });
    expect(report.complete).toBe(false);
    expect(report.problems).toMatchObject([{ key: { jobId: String(hot) }, kind: 'failed' }]);
    expect(await world.messages()).toHaveLength(20);
    const { segments } = await world.items();
    expect(segments.filter(({ state }) => state !== 'Dropped')).toMatchObject([{ jobId: hot }]);

    expect((await world.pass()).complete).toBe(true);
    expect((await world.items()).segments.filter(({ state }) => state !== 'Dropped')).toEqual([]);
  });

  it.each([HOT, 100n + HOT])('of job %s ends a recovery with the place to resume at', async (hot) => {
    const world = await embeddedWorld();
    await world.has(records);
    const report = await world.pass({ mode: 'recover' }, { disturb: hotPartition(world, hot) });
    expect(report.complete).toBe(false);
    expect(BigInt(report.fromJobId ?? 0n)).toBeLessThanOrEqual(hot);
    const states = async () => (await world.items()).segments.filter(({ state }) => state !== 'Dropped');
    expect(await states()).toMatchObject([{ jobId: hot }]);
    expect((await world.messages()).map(({ jobId }) => jobId)).toEqual(
      jobIds.filter((jobId) => jobId !== hot).map(String),
    );
    expect(await world.pass({ mode: 'recover', fromJobId: report.fromJobId })).toMatchObject({
      complete: true,
    });
    expect(await states()).toEqual([]);
  });

  it('of Jobs leaves the tasks of that job as they are, and due', async () => {
    const world = await embeddedWorld();
    await world.has(records);
    const disturb = async ({ operation, input, proceed }: DisturbedCall): Promise<unknown> => {
      const keys = (input.RequestItems as Record<string, { Keys: unknown[] }> | undefined)?.[
        world.tables.jobs
      ];
      if (operation === 'BatchGetItem' && textOf(keys?.Keys).includes(`"${HOT}"`))
        throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
      return proceed();
    };
    const report = await world.pass({}, { disturb });
    expect(report.complete).toBe(false);
    expect(await world.messages()).toHaveLength(19);
    const { segments } = await world.items();
    expect(segments.filter(({ state }) => state !== 'Dropped')).toMatchObject([{ jobId: HOT }]);
    expect(await world.task(1n, HOT)).toMatchObject({ enqueueCount: 0n, dueAt: BigInt(NOW - MINUTE) });
  });

  it('of the index stops only its shard; the pass says so', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      [1n, 2n, 3n, 4n].map((taskId) => task({ taskId })),
    );
    const disturb = async ({ input, proceed }: DisturbedCall): Promise<unknown> => {
      if (input.IndexName && textOf(input).includes(':shard":2')) throw new Error('slow down');
      return proceed();
    };
    const report = await world.pass({}, { disturb });
    expect(report.complete).toBe(false);
    expect((await world.messages()).map(({ taskId }) => taskId)).toEqual(['1', '3', '4']);
    expect(report.problems.map(({ key }) => key.part)).toEqual([
      'due index of tasks, shard 2',
      'due index of jobs, shard 2',
    ]);
  });
});

describe('a queue that fails', () => {
  const failingSends = (isDown: (send: number) => boolean) => () => {
    let sends = 0;
    return async ({ operation, proceed }: DisturbedCall): Promise<unknown> => {
      if (operation === 'SendMessageBatch' && isDown(++sends)) throw new Error('queue is down');
      return proceed();
    };
  };
  const tasks = (count: number) =>
    Array.from({ length: count }, (_, index) => task({ taskId: BigInt(index + 1) }));

  it('three times at the beginning of a recovery is tried again after a while', async () => {
    const world = await embeddedWorld();
    await world.has(job(), tasks(300));
    const disturb = failingSends((send) => send <= 3)();
    const report = await world.pass(
      { mode: 'recover' },
      {
        disturb: async (call) => {
          // Time passes with every chunk that is looked up and written.
          if (call.operation === 'Query' || call.operation === 'SendMessageBatch') world.clock.now += 600;
          return disturb(call);
        },
        onVerdict: () => {
          world.clock.now += 20;
        },
      },
    );
    const sent = (await world.messages()).length;
    expect(sent).toBeGreaterThanOrEqual(100);
    expect(report).toMatchObject({ complete: false, fromJobId: '1', messages: { sent, failed: 300 - sent } });
    const again = await world.pass({ mode: 'recover', fromJobId: report.fromJobId });
    expect(again).toMatchObject({ complete: true, messages: { sent: 300 } });
  });

  it('throughout is asked seldom, and the pass is not complete, though drops continue', async () => {
    const world = await embeddedWorld();
    await world.has(job(), tasks(300), task({ taskId: 999n, state: 'Failed', targets: [11n] }), segment(11n));
    for (const mode of ['inspect', 'recover']) {
      const report = await world.pass({ mode }, { disturb: failingSends(() => true)() });
      expect(report).toMatchObject({ complete: false, messages: { sent: 0, failed: 300 } });
      expect(report.requests.byOperation.SendMessageBatch ?? 0).toBe(0);
      expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    }
  });
});

describe('a table that refuses writes', () => {
  it('turns no backlog into a storm of messages: after three batches of marks the pass sends nothing more', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 3_000 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'BatchExecuteStatement') throw new Error('read only');
          return proceed();
        },
      },
    );
    expect(report.complete).toBe(false);
    expect((await world.messages()).length).toBeLessThanOrEqual(100);
    expect((await world.pass()).messages.sent).toBe(3_000);
  });

  it('for one batch now and then does not stop the sending', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      Array.from({ length: 1_000 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    let batches = 0;
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (operation === 'BatchExecuteStatement' && ++batches % 2 === 1) throw new Error('busy');
          return proceed();
        },
      },
    );
    expect(report.messages.sent).toBe(1_000);
  });
});
