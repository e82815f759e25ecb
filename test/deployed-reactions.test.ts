import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchResponse } from '../functions/pass/stream-records.ts';
import { job, MINUTE, segment, task } from './support/builders.ts';
import { submitted } from './support/checker-world.ts';
import { type Deployed, deployedHandler } from './support/deployed-handler.ts';
import { type ReactiveWorld, reactiveWorld } from './support/reactive-world.ts';

type Handler = Deployed<BatchResponse>['handler'];
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };

/** The handlers' clock is the real one. */
const due = () => ({ dueAt: Date.now() - MINUTE });

describe('the bundles that are deployed, woken by records of the streams', () => {
  let world: ReactiveWorld;
  let inspector: Handler;
  let checker: Handler;

  beforeAll(async () => {
    world = await reactiveWorld();
    ({ handler: inspector } = await deployedHandler<BatchResponse>('Inspector', world));
    ({ handler: checker } = await deployedHandler<BatchResponse>('Checker', world));
  });
  afterAll(() => vi.unstubAllEnvs());

  it('the inspector does what became due, and answers with the records to deliver again: none', async () => {
    await world.has(
      job(),
      task({ taskId: 1n, ...due() }),
      task({ taskId: 2n, state: 'Failed', targets: [21n] }),
      segment(21n),
    );
    const Records = await world.records('tasks');
    expect(await inspector({ Records }, context)).toEqual({ batchItemFailures: [] });
    expect(await world.messages()).toMatchObject([{ taskId: '1', attempt: 1 }]);
    expect(await world.segment(21n)).toMatchObject({ state: 'Dropped' });
  });

  it('the inspector drops what a job has that failed', async () => {
    await world.has(
      task({ jobId: 2n, taskId: 1n, state: 'Completed', targets: [31n] }),
      segment(31n, 'Importing', { jobId: 2n }),
    );
    await world.records('jobs');
    await world.has(job({ jobId: 2n, state: 'Failed', ...due() }));
    expect(await inspector({ Records: await world.records('jobs') }, context)).toEqual({
      batchItemFailures: [],
    });
    expect(await world.segment(31n)).toMatchObject({ state: 'Dropped' });
  });

  it('the checker completes a job whose last task is Completed', async () => {
    await world.has(
      submitted(1, 1, { jobId: 3n, timeoutAt: Date.now() + MINUTE }),
      segment(41n, 'Importing', { jobId: 3n }),
    );
    await world.records('tasks');
    await world.has(task({ jobId: 3n, state: 'Completed', targets: [41n] }));
    expect(await checker({ Records: await world.records('tasks') }, context)).toEqual({
      batchItemFailures: [],
    });
    expect(await world.job(3n)).toMatchObject({ state: 'Completed' });
    expect(await world.segment(41n)).toMatchObject({ state: 'Flushed' });
  });

  it.each([
    ['the inspector', () => inspector],
    ['the checker', () => checker],
  ])('%s names a record that it cannot read', async (_, handlerOf) => {
    const Records = [{ dynamodb: { SequenceNumber: '77', Keys: {} } }];
    expect(await handlerOf()({ Records }, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: '77' }],
    });
  });
});
