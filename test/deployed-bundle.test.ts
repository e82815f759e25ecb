import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { job, MINUTE, type Row, segment, task } from './support/builders.ts';
import { type Deployed, deployedHandler } from './support/deployed-handler.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

describe('the bundle that is deployed', () => {
  let world: World;
  let handler: Deployed<PassReport>['handler'];
  let bytes: number;

  beforeAll(async () => {
    world = await embeddedWorld();
    ({ handler, bytes } = await deployedHandler<PassReport>('Inspector', world));
  });
  afterAll(() => vi.unstubAllEnvs());

  /** The handler's clock is the real one. */
  const due = (record: Row): Row => ({
    ...record,
    item: { ...record.item, dueAt: Date.now() - MINUTE },
  });
  const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };

  it('makes one pass over the tables and the queue of its environment', async () => {
    await world.has(
      job({ jobId: 1n }),
      due(task({ jobId: 1n, taskId: 1n })),
      due(task({ jobId: 1n, taskId: 2n, state: 'Failed', targets: [11n] })),
      segment(11n),
      due(job({ jobId: 2n, state: 'Failed' })),
      task({ jobId: 2n, taskId: 3n, state: 'Completed', targets: [21n] }),
      segment(21n, 'Flushed', { jobId: 2n }),
    );
    const report = await handler({ mode: 'inspect' }, context);
    expect(report).toMatchObject({
      passId: 'request-1',
      mode: 'inspect',
      complete: true,
      tasks: { enqueued: 1, settled: 1 },
      jobs: { settled: 1 },
      segments: { dropped: 2 },
    });
    expect(await world.messages()).toMatchObject([
      { jobId: '1', taskId: '1', reason: 'pending', attempt: 1 },
    ]);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped', isImporting: false });
    expect(await world.segment(21n)).toMatchObject({ state: 'Dropped', isImporting: false });
  });

  it('logs every change, one line each, and none of a dry run', async () => {
    await world.has(job({ jobId: 4n }), due(task({ jobId: 4n, taskId: 1n })));
    const written: string[] = [];
    const stdout = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((lines) => written.push(String(lines)) > 0);
    const changes = (): unknown[] =>
      written
        .splice(0)
        .flatMap((lines) => lines.trimEnd().split('\n'))
        .map((line) => JSON.parse(line))
        .filter(({ message }) => message === 'changed');
    try {
      await handler({ jobIds: ['4'], dryRun: true }, context);
      expect(changes()).toEqual([]);
      await handler({ jobIds: ['4'] }, context);
      expect(changes()).toMatchObject([
        { service: 'copy-segment-inspector', passId: 'request-1', what: 'enqueued', jobId: '4', taskId: '1' },
      ]);
    } finally {
      stdout.mockRestore();
    }
    await world.messages();
  });

  it('inspects when it is invoked with no event, and without a context', async () => {
    expect(await handler(undefined)).toMatchObject({ mode: 'inspect', complete: true });
  });

  it('recovers', async () => {
    await world.has(job({ jobId: 3n }), task({ jobId: 3n, taskId: 1n, state: 'InProgress' }));
    await handler({ mode: 'recover', jobIds: ['3'] }, context);
    expect(await world.messages()).toMatchObject([{ jobId: '3', reason: 'recovery' }]);
  });

  it('returns a report that is JSON, ids in it strings', async () => {
    await world.has(due(task({ jobId: 449_999_999_999_999_991n, taskId: 1n })));
    const report = await handler({}, context);
    expect(JSON.parse(JSON.stringify(report)).problems).toMatchObject([
      { key: { jobId: '449999999999999991', taskId: '1' }, kind: 'orphan' },
    ]);
  });

  it('refuses an event that it does not know, naming the field', async () => {
    await expect(handler({ mode: 'inspect', jobs: ['1'] }, context)).rejects.toThrow(
      /jobs is not a field of the event/,
    );
  });

  it('starts nothing when Lambda leaves it no time', async () => {
    const report = await handler({}, { ...context, getRemainingTimeInMillis: () => 2_000 });
    expect(report).toMatchObject({ complete: false, requests: { total: 0 } });
  });

  it('fails with errors whose class has its own name, which is what Lambda logs', async () => {
    const classOfFailure = (failing: typeof handler, event: unknown): Promise<string> =>
      failing(event, context).then(
        () => 'none',
        (error: Error) => error.constructor.name,
      );
    expect(await classOfFailure(handler, { mode: 'inspekt' })).toBe('InvalidEventError');
    const missing = { jobs: 'no-jobs', tasks: 'no-tasks', segments: 'no-segments' };
    const { handler: withoutTables } = await deployedHandler<PassReport>('Inspector', {
      ...world,
      tables: missing,
    });
    expect(await classOfFailure(withoutTables, {})).toBe('ResourceNotFoundException');
  });

  it('fails when there was work and all of it failed, after it has logged what happened', async () => {
    const { handler: withoutQueue } = await deployedHandler<PassReport>('Inspector', {
      ...world,
      queueUrl: `${world.queueUrl}-gone`,
    });
    await world.has(job({ jobId: 5n }), due(task({ jobId: 5n, taskId: 1n })));
    const failure = withoutQueue({ jobIds: ['5'] }, context);
    await expect(failure).rejects.toThrow(/everything that was tried failed, 1 in all.*not sent: /);
    await expect(failure).rejects.toMatchObject({ name: 'NothingAchievedError' });

    // Something to drop besides: the queue is still gone, but that was achieved.
    await world.has(due(task({ jobId: 5n, taskId: 2n, state: 'Failed', targets: [51n] })));
    await world.has(segment(51n, 'Importing', { jobId: 5n }));
    const report = await withoutQueue({ jobIds: ['5'] }, context);
    expect(report).toMatchObject({ complete: false, tasks: { failed: 1, settled: 1 }, changes: 2 });
  });

  it('is small enough to start fast', () => {
    expect(bytes).toBeLessThan(370_000);
  });
});
