import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CheckReport } from '../functions/checker/report/check-report.ts';
import { job, MINUTE, type Row } from './support/builders.ts';
import { copied } from './support/checker-world.ts';
import { type Deployed, deployedHandler } from './support/deployed-handler.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

describe('the bundle of the checker that is deployed', () => {
  let world: World;
  let handler: Deployed<CheckReport>['handler'];
  let bytes: number;

  beforeAll(async () => {
    world = await embeddedWorld();
    ({ handler, bytes } = await deployedHandler<CheckReport>('Checker', world));
  });
  afterAll(() => vi.unstubAllEnvs());

  /** The handler's clock is the real one. */
  const due = (row: Row): Row =>
    row.table === 'jobs' ? { ...row, item: { ...row.item, dueAt: Date.now() - MINUTE } } : row;
  const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };

  it('makes one check over the tables of its environment', async () => {
    await world.has(copied(3, 50).map(due));
    const report = await handler({ mode: 'check' }, context);
    expect(report).toMatchObject({
      passId: 'request-1',
      mode: 'check',
      complete: true,
      jobs: { completed: 1 },
      segments: { published: 150 },
    });
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    const { segments } = await world.items();
    for (const item of segments) expect(item).toMatchObject({ state: 'Flushed', isImporting: false });
  });

  it('checks when it is invoked with no event, and without a context', async () => {
    expect(await handler(undefined)).toMatchObject({ mode: 'check', complete: true });
  });

  it('recovers', async () => {
    await world.has(job({ jobId: 3n, dueAt: null, dueShard: null }));
    await handler({ mode: 'recover', jobIds: ['3'] }, context);
    expect(await world.job(3n)).toMatchObject({ dueShard: 3n, dueAt: expect.any(BigInt) });
  });

  it('returns a report that is JSON, ids in it strings', async () => {
    const jobId = 449_999_999_999_999_991n;
    await world.has(due(job({ jobId, state: 'Paused' as 'Pending' })));
    const report = await handler({}, context);
    expect(JSON.parse(JSON.stringify(report)).problems).toMatchObject([
      { key: { jobId: '449999999999999991' }, kind: 'malformed' },
    ]);
  });

  it('refuses an event that it does not know, by the name of its error', async () => {
    const error = await handler({ mode: 'inspect' }, context).catch((thrown: Error) => thrown);
    expect((error as Error).constructor.name).toBe('InvalidEventError');
  });

  it('starts nothing when Lambda leaves it no time', async () => {
    const report = await handler({}, { ...context, getRemainingTimeInMillis: () => 2_000 });
    expect(report).toMatchObject({ complete: false, requests: { total: 0 } });
  });

  it('fails when there was work and all of it failed', async () => {
    const { handler: withoutTasks } = await deployedHandler<CheckReport>('Checker', {
      ...world,
      tables: { ...world.tables, tasks: 'no-tasks' },
    });
    await world.has(due(job({ jobId: 4n })));
    await expect(withoutTasks({ jobIds: ['4'] }, context)).rejects.toMatchObject({
      name: 'NothingAchievedError',
      message: expect.stringMatching(/1 in all.*its tasks could not be read/),
    });
  });

  it('is small enough to start fast: SQS is not in it', () => {
    expect(bytes).toBeLessThan(320_000);
  });
});
