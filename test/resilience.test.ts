import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { job, segment, task } from './support/builders.ts';
import { type DisturbedCall, embeddedWorld } from './support/embedded-world.ts';
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

  it('are given up in the end: the task stays due, with the reason', async () => {
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

  it('of the settlement of a task keeps its Failed job due, too', async () => {
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
    const report = await world.pass({}, { disturb: failing('UpdateItem', 'leaseExpiresAt') });
    expect(report.tasks).toMatchObject({ released: 0, failed: 1 });
    expect(await world.messages()).toEqual([]);
  });

  it('of the read of segments keeps the task due', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task({ state: 'Failed', targets: [11n] }), segment(11n));
    const report = await world.pass({}, { disturb: failing('BatchGetItem', 'segments') });
    expect(report.segments).toMatchObject({ failed: 1 });
    expect(await world.task()).not.toHaveProperty('segmentsDroppedAt');
  });
});

describe('an engine that returns one item a page', () => {
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

  it('leaves nothing going on beside the next pass', async () => {
    const world = await embeddedWorld();
    const taskIds = Array.from({ length: 400 }, (_, index) => BigInt(index + 1));
    await world.has(
      [1n, 2n].map((jobId) => job({ jobId, state: 'Failed' })),
      taskIds.map((taskId) => task({ jobId: 2n, taskId, state: 'Completed', targets: [taskId] })),
      taskIds.map((id) => segment(id, 'Flushed', { jobId: 2n })),
    );
    const pass = world.pass(
      {},
      {
        disturb: async ({ operation, input, proceed }) => {
          const text = textOf(input);
          if (operation === 'Query' && !input.IndexName && text.includes(':jobId":"1"'))
            throw new Error('gone');
          return proceed();
        },
      },
    );
    await expect(pass).rejects.toThrow('gone');
    const states = async () => (await world.items()).segments.map(({ state }) => state);
    // What had reached the engine by then takes effect.
    await sleep(300);
    const before = await states();
    await sleep(300);
    const after = await states();
    expect(after.filter((state) => state === 'Dropped').length).toBeLessThan(400);
    expect(after).toEqual(before);
  });

  it('hands over what it had done by then', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task(), job({ jobId: 2n, state: 'Failed' }));
    const crashes: PassReport[] = [];
    const pass = world.pass(
      {},
      {
        onError: (report) => crashes.push(report),
        disturb: async ({ operation, input, proceed }) => {
          if (operation === 'Query' && String(input.TableName).endsWith('jobs')) throw new Error('gone');
          return proceed();
        },
      },
    );
    await expect(pass).rejects.toThrow('gone');
    expect(crashes).toMatchObject([{ complete: false, tasks: { enqueued: 1 }, requests: { total: 7 } }]);
  });
});
