import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { PassReport } from '../functions/inspector/report/pass-report.ts';
import { job, MINUTE, type Row, segment, task } from './support/builders.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { createApp, type Resource } from './support/synthesise.ts';

type Handler = (event: unknown, context?: unknown) => Promise<PassReport>;

/** The handler as CDK would deploy it: its bundle from the cloud assembly, in the environment of the template. */
async function deployedHandler({
  tables,
  queueUrl,
}: Pick<World, 'tables' | 'queueUrl'>): Promise<{ handler: Handler; bytes: number }> {
  const { app, stack } = createApp();
  const { directory } = app.synth();
  const template = JSON.parse(readFileSync(join(directory, `${stack.stackName}.template.json`), 'utf8'));
  const resources = Object.entries(template.Resources as Record<string, Resource>);
  const inspector = resources.find(([, { Type }]) => Type === 'AWS::Lambda::Function')?.[1] as Resource;

  // What CloudFormation would put in the place of each Ref.
  const physical = (logicalId: string): string => {
    const name = Object.entries({
      Jobs: tables.jobs,
      Tasks: tables.tasks,
      Segments: tables.segments,
    });
    const table = name.find(([kind]) => logicalId.startsWith(`Metadata${kind}`));
    return table ? table[1] : queueUrl;
  };
  const variables: Record<string, string | { Ref: string }> = inspector.Properties.Environment.Variables;
  for (const [name, value] of Object.entries(variables))
    vi.stubEnv(name, typeof value === 'string' ? value : physical(value.Ref));

  // What Lambda sets by itself, and where the engines are.
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const endpoints = { DYNAMODB: inject('dynamoEndpoint'), SQS: inject('sqsEndpoint') };
  for (const [service, endpoint] of Object.entries(endpoints))
    if (endpoint) vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, endpoint);

  const [file, name] = (inspector.Properties.Handler as string).split('.') as [string, string];
  const asset = (inspector.Properties.Code.S3Key as string).replace('.zip', '');
  const bundle = join(directory, `asset.${asset}`, `${file}.mjs`);
  const module = await import(/* @vite-ignore */ pathToFileURL(bundle).href);
  return { handler: module[name], bytes: readFileSync(bundle).length };
}

describe('the bundle that is deployed', () => {
  let world: World;
  let handler: Handler;
  let bytes: number;

  beforeAll(async () => {
    world = await embeddedWorld();
    ({ handler, bytes } = await deployedHandler(world));
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
    const classOfFailure = (failing: Handler, event: unknown): Promise<string> =>
      failing(event, context).then(
        () => 'none',
        (error: Error) => error.constructor.name,
      );
    expect(await classOfFailure(handler, { mode: 'inspekt' })).toBe('InvalidEventError');
    const missing = { jobs: 'no-jobs', tasks: 'no-tasks', segments: 'no-segments' };
    const { handler: withoutTables } = await deployedHandler({ ...world, tables: missing });
    expect(await classOfFailure(withoutTables, {})).toBe('ResourceNotFoundException');
  });

  it('is small enough to start fast', () => {
    expect(bytes).toBeLessThan(350_000);
  });
});
