import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Destination, readConfiguration } from '../lib/configuration.ts';

const read = (context: Record<string, unknown>, destination?: Destination) =>
  readConfiguration(new App({ context }).node, destination);

const FOR_EVER = RetentionDays.INFINITE;
const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:their-queue.fifo';
const streamOf = (table: string): string =>
  `arn:aws:dynamodb:eu-west-1:123456789012:table/${table}/stream/2026-11-22T12:00:00.000`;
const tables = { jobsTable: 'their-jobs', tasksTable: 'their-tasks', segmentsTable: 'their-segments' };

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(read({})).toEqual({
      scheduleMinutes: 1,
      shards: 4,
      memoryMiB: 1_024,
      maxDrops: 10_000,
      logRetention: FOR_EVER,
      dashboard: true,
      disposable: false,
      checker: true,
      reactive: true,
    });
  });

  it('takes how much a pass may drop, how long logs are kept, who is told of alarms, and whether there is a dashboard', () => {
    const topic = 'arn:aws:sns:eu-west-1:123456789012:on-call';
    expect(
      read({ maxDrops: '0', logRetentionDays: '365', alarmTopicArn: topic, alarmEmail: 'ann@example.com' }),
    ).toMatchObject({ maxDrops: 0, logRetention: 365, alarmTopicArn: topic, alarmEmail: 'ann@example.com' });
    expect(read({ logRetentionDays: 'forever', dashboard: 'false' })).toMatchObject({
      logRetention: FOR_EVER,
      dashboard: false,
    });
  });

  it.each([
    ['maxDrops', '-1', 'must be a whole number from 0 to 1000000000'],
    ['logRetentionDays', '31', 'must be forever, or days as CloudWatch Logs knows them: 1, 3, 5, 7, 14, 30,'],
    ['logRetentionDays', 'ever', 'must be forever, or days as CloudWatch Logs knows them: '],
    ['alarmTopicArn', 'on-call', 'must be the ARN of an SNS topic'],
    ['alarmEmail', 'ann', 'must be an e-mail address'],
    ['dashboard', 'yes', 'must be true or false'],
  ])('refuses %s %s', (key, value, reason) => {
    expect(() => read({ [key]: value })).toThrow(`context "${key}" ${reason}`);
  });

  it('is read from text, as the command line gives it, and from JSON', () => {
    const expected = {
      scheduleMinutes: 5,
      shards: 8,
      memoryMiB: 2_048,
      disposable: true,
      checker: false,
      reactive: false,
    };
    expect(
      read({
        scheduleMinutes: '5',
        shards: '8',
        memoryMiB: '2048',
        disposable: 'true',
        checker: 'false',
        reactive: 'false',
      }),
    ).toMatchObject(expected);
    expect(read(expected)).toMatchObject(expected);
  });

  it('has a checker with new tables, and beside those that exist already only when asked for', () => {
    expect(read({ ...tables }).checker).toBe(false);
    expect(read({ ...tables, checker: 'true' }).checker).toBe(true);
    expect(read({ queueArn }).checker).toBe(true);
  });

  it('is reactive with new tables, and with those that exist already when their streams are named', () => {
    const streams = { jobsStreamArn: streamOf('their-jobs'), tasksStreamArn: streamOf('their-tasks') };
    expect(read(tables).reactive).toBe(false);
    expect(read({ ...tables, ...streams })).toMatchObject({
      reactive: true,
      existingStreams: { jobs: streams.jobsStreamArn, tasks: streams.tasksStreamArn },
    });
    expect(read({ ...tables, ...streams, reactive: 'false' })).not.toHaveProperty('existingStreams');
  });

  it('takes tables and a queue that exist already', () => {
    expect(read({ ...tables, queueArn })).toMatchObject({
      existingTables: { jobs: 'their-jobs', tasks: 'their-tasks', segments: 'their-segments' },
      existingQueueArn: queueArn,
    });
  });

  it('takes the buckets that the worker copies from and to, with the root paths in them', () => {
    expect(read({ sourceBucket: 'snapshots', targetBucket: 'milvus' }).worker).toEqual({
      source: { bucket: 'snapshots', rootPath: '' },
      target: { bucket: 'milvus', rootPath: '' },
      maxWorkers: 10,
    });
    const roots = { sourceRootPath: 'backups/prod', targetRootPath: 'files', maxWorkers: '200' };
    expect(read({ sourceBucket: 'snapshots', targetBucket: 'milvus', ...roots }).worker).toEqual({
      source: { bucket: 'snapshots', rootPath: 'backups/prod' },
      target: { bucket: 'milvus', rootPath: 'files' },
      maxWorkers: 200,
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ reactive: 'maybe' }, 'context "reactive" must be true or false, is "maybe"'],
    [{ ...tables, reactive: 'true' }, 'context "reactive" is true: name the streams of the tables'],
    [
      { ...tables, jobsStreamArn: streamOf('their-jobs') },
      'go together: name both, or none; only "jobsStreamArn"',
    ],
    [
      { ...tables, tasksStreamArn: streamOf('their-tasks') },
      'name both, or none; only "tasksStreamArn" is given',
    ],
    [
      { jobsStreamArn: streamOf('their-jobs'), tasksStreamArn: streamOf('their-tasks') },
      'are of tables that exist already: name these as well, or none',
    ],
    [
      { ...tables, jobsStreamArn: streamOf('their-tasks'), tasksStreamArn: streamOf('their-tasks') },
      'context "jobsStreamArn" must be a stream of table their-jobs, is "arn:aws:dynamodb',
    ],
    [
      { ...tables, jobsStreamArn: 'their-jobs' },
      'context "jobsStreamArn" must be the ARN of a stream, such as',
    ],
    [
      { sourceBucket: 'snapshots' },
      '"sourceBucket" and "targetBucket" go together: name both, or none; only "sourceBucket"',
    ],
    [{ targetBucket: 'milvus', worker: 'false' }, 'name both, or none; only "targetBucket" is given'],
    [{ worker: 'true' }, 'context "worker" is true: name the buckets that it copies from and to'],
    [{ worker: 'maybe' }, 'context "worker" must be true or false, is "maybe"'],
    [
      { sourceBucket: 'S3://snapshots' },
      'context "sourceBucket" must be the name of a bucket, 3 to 63 small',
    ],
    [
      { targetRootPath: 'files/' },
      'context "targetRootPath" must be a path such as files/prod, without / at its ends',
    ],
    [{ sourceRootPath: '*' }, 'without *, ? and $, is "*"'],
    [{ maxWorkers: '1' }, 'context "maxWorkers" must be a whole number from 2 to 1000, is "1"'],
    [{ scheduleMinutes: '0' }, 'context "scheduleMinutes" must be a whole number from 1 to 1440, is "0"'],
    [{ scheduleMinutes: '1441' }, 'from 1 to 1440, is "1441"'],
    [{ shards: 'many' }, 'context "shards" must be a whole number from 1 to 256, is "many"'],
    [{ shards: 257 }, 'from 1 to 256, is 257'],
    [{ shards: 1.5 }, 'must be a whole number from 1 to 256, is 1.5'],
    [{ shards: '' }, 'is ""'],
    [{ shards: null }, 'is null'],
    [{ memoryMiB: 64 }, 'context "memoryMiB" must be a whole number from 128 to 10240, is 64'],
    [{ memoryMiB: '2G' }, 'from 128 to 10240, is "2G"'],
    [{ checker: 'perhaps' }, 'context "checker" must be true or false, is "perhaps"'],
    [{ disposable: 'maybe' }, 'context "disposable" must be true or false, is "maybe"'],
    [{ ...tables, tasksTable: 'no spaces' }, 'context "tasksTable" must be the name of a table, 3 to 255'],
    [{ ...tables, jobsTable: 7 }, 'context "jobsTable" must be the name of a table'],
    [{ queueArn: 'their-queue' }, 'must be the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:'],
    [{ queueArn: 'arn:aws:sns:eu-west-1:123456789012:topic' }, 'must be the ARN of an SQS queue'],
  ])('%o is refused: %s', (context, message) => {
    expect(() => read(context)).toThrow(message);
  });

  it('is refused with every reason at once', () => {
    expect(() => read({ shards: 'many', disposable: 'maybe' })).toThrow(/"shards" .*; context "disposable" /);
  });

  it.each(['shard', 'jobsTableName', 'shards2', 'memory_mib', 'SHARDS', 'memory-mib', 'constructor'])(
    'refuses "%s", which it does not know, and says what it knows',
    (key) => {
      expect(() => read({ [key]: 'x' })).toThrow(
        `context "${key}" is not known; known are scheduleMinutes, shards, memoryMiB, disposable, checker, jobsTable, tasksTable, segmentsTable, queueArn`,
      );
    },
  );

  it.each([
    '@aws-cdk/core:checkSecretUsage',
    'aws:cdk:bundling-stacks',
    'acknowledged-issue-numbers',
    'cli-telemetry',
  ])('leaves "%s" to the CDK', (key) => {
    expect(() => read({ [key]: [] })).not.toThrow();
  });

  it('refuses some of the three tables without the others', () => {
    expect(() => read({ jobsTable: 'only-this' })).toThrow(
      'context "jobsTable", "tasksTable" and "segmentsTable" go together: name all three, or none; only "jobsTable" is given',
    );
  });

  it.each([
    [
      { tasksTable: 'their-jobs' },
      '"jobsTable", "tasksTable" must name different tables, all are "their-jobs"',
    ],
    [{ segmentsTable: 'their-tasks' }, '"tasksTable", "segmentsTable" must name different tables'],
    [
      { tasksTable: 'their-jobs', segmentsTable: 'their-jobs' },
      '"jobsTable", "tasksTable", "segmentsTable" must name different tables, all are "their-jobs"',
    ],
  ])('refuses one table under two names or three: %o', (same, message) => {
    expect(() => read({ ...tables, ...same })).toThrow(message);
  });

  it('refuses a queue of another region or account than the stack’s, if they are known', () => {
    const here = { account: '123456789012', region: 'eu-west-1' };
    expect(read({ queueArn }, here).existingQueueArn).toBe(queueArn);
    expect(() => read({ queueArn }, { ...here, region: 'us-east-1' })).toThrow(
      `context "queueArn" must be a queue of region us-east-1, where the stack is deployed, is "${queueArn}"`,
    );
    expect(() => read({ queueArn }, { ...here, account: '999999999999' })).toThrow(
      /must be a queue of account 999999999999, where/,
    );
    expect(read({ queueArn }, {}).existingQueueArn).toBe(queueArn);
  });
});

describe('the app that CDK runs', () => {
  const run = async (context: Record<string, unknown>, env: Record<string, string> = {}) => {
    const outdir = mkdtempSync(join(tmpdir(), 'cloud-assembly-'));
    onTestFinished(() => rmSync(outdir, { recursive: true, force: true }));
    return promisify(execFile)(process.execPath, ['lib/app.ts'], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context), ...env },
    }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      ({ code, stderr }) => ({ code, stderr }),
    );
  };

  it('says in one line what is wrong with the configuration, and fails', async () => {
    expect(await run({ shards: 'many' })).toEqual({
      code: 1,
      stderr: 'context "shards" must be a whole number from 1 to 256, is "many"\n',
    });
  });

  it('refuses a queue of another account than that of the credentials', async () => {
    const env = { CDK_DEFAULT_ACCOUNT: '999999999999', CDK_DEFAULT_REGION: 'eu-west-1' };
    const { code, stderr } = await run({ queueArn }, env);
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toContain('must be a queue of account 999999999999');
  });

  it('knows no account without credentials, and takes the queue as it is', async () => {
    const env = { CDK_DEFAULT_ACCOUNT: '', CDK_DEFAULT_REGION: 'us-east-1' };
    expect(await run({ queueArn, ...tables, 'aws:cdk:bundling-stacks': [] }, env)).toMatchObject({ code: 0 });
  });
});
