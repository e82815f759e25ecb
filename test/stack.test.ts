import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { createTableInput } from '../engines/create-tables.ts';
import { type TableKind, tableDefinitions } from '../functions/copy-segment/tables.ts';
import { createApp, type Resource, synthesise } from './support/synthesise.ts';

// The checker and the streams have suites of their own.
const stack = synthesise({ checker: false, reactive: false });
const TABLE = 'AWS::DynamoDB::GlobalTable';
const QUEUE = 'AWS::SQS::Queue';

const tableOf = (kind: TableKind, of = stack): Resource => {
  const { partitionKey, sortKey }: { partitionKey: string; sortKey?: string } = tableDefinitions[kind];
  const names = [partitionKey, sortKey].filter((name) => name !== undefined).join();
  const isIt = ({ Properties }: Resource): boolean =>
    Properties.KeySchema.map((key: { AttributeName: string }) => key.AttributeName).join() === names;
  return of.ofType(TABLE).find(isIt) as Resource;
};

const tablesWithIndex = ['jobs', 'tasks'] as const;

describe('the tables', () => {
  it.each(['jobs', 'tasks', 'segments'] as const)(
    '%s: keys, index and projection are those of the embedded engine',
    (kind) => {
      const deployed = tableOf(kind).Properties;
      const embedded = createTableInput('any', tableDefinitions[kind]);
      expect(deployed.KeySchema).toEqual(embedded.KeySchema);
      expect(deployed.AttributeDefinitions).toEqual(embedded.AttributeDefinitions);
      expect(deployed.GlobalSecondaryIndexes).toEqual(embedded.GlobalSecondaryIndexes);
      expect(deployed.BillingMode).toBe(embedded.BillingMode);
    },
  );

  it.each(tablesWithIndex)('%s: the due index is a contract', (kind) => {
    expect(tableOf(kind).Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'due',
        KeySchema: [
          { AttributeName: 'dueShard', KeyType: 'HASH' },
          { AttributeName: 'dueAt', KeyType: 'RANGE' },
        ],
        Projection: {
          ProjectionType: 'INCLUDE',
          NonKeyAttributes: ['state', 'collectionId', 'taskVersion', 'enqueueCount', 'leaseExpiresAt'],
        },
      },
    ]);
  });

  it('have number keys, are on demand, encrypted, and recoverable to a point in time', () => {
    expect(stack.ofType(TABLE)).toHaveLength(3);
    for (const { Properties } of stack.ofType(TABLE)) {
      expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
      expect(Properties.SSESpecification).toMatchObject({ SSEEnabled: true });
      for (const { AttributeType } of Properties.AttributeDefinitions) expect(AttributeType).toBe('N');
      for (const replica of Properties.Replicas)
        expect(replica.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    }
  });

  it.each(tablesWithIndex)('%s expire by expiresAt', (kind) => {
    expect(tableOf(kind).Properties.TimeToLiveSpecification).toEqual({
      AttributeName: 'expiresAt',
      Enabled: true,
    });
  });

  it('are kept and protected unless the stack is disposable', () => {
    for (const { DeletionPolicy, UpdateReplacePolicy, Properties } of stack.ofType(TABLE)) {
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
      expect(Properties.Replicas[0].DeletionProtectionEnabled).toBe(true);
    }
    for (const { DeletionPolicy, Properties } of synthesise({ disposable: 'true' }).ofType(TABLE)) {
      expect(DeletionPolicy).toBe('Delete');
      expect(Properties.Replicas[0].DeletionProtectionEnabled).toBe(false);
    }
  });
});

describe('the queues', () => {
  it('are encrypted, take TLS only, and keep dead letters for 14 days', () => {
    const policies = stack.ofType('AWS::SQS::QueuePolicy');
    expect(policies).toHaveLength(stack.ofType(QUEUE).length);
    for (const { Properties } of policies)
      expect(Properties.PolicyDocument.Statement).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
    for (const { Properties } of stack.ofType(QUEUE))
      expect(Properties).toMatchObject({
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 14 * 24 * 3_600,
      });
  });

  it('hand over to a dead-letter queue', () => {
    const redriving = stack.ofType(QUEUE).filter(({ Properties }) => Properties.RedrivePolicy);
    expect(redriving).toHaveLength(1);
    expect(redriving[0]?.Properties.RedrivePolicy.maxReceiveCount).toBe(5);
    expect(redriving[0]?.Properties).not.toHaveProperty('FifoQueue');
  });
});

describe('the function', () => {
  const inspector = stack.only('AWS::Lambda::Function').Properties;

  it('runs Node 24 on arm64, without tracing, and logs reports and what goes wrong to a group that is kept for ever, or as long as is asked for', () => {
    expect(inspector).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1_024,
      Timeout: 900,
    });
    expect(inspector).not.toHaveProperty('TracingConfig');
    expect(inspector.LoggingConfig).toMatchObject({
      LogFormat: 'JSON',
      SystemLogLevel: 'WARN',
      LogGroup: { Ref: expect.any(String) },
    });
    const retention = (of: typeof stack) => of.only('AWS::Logs::LogGroup').Properties?.RetentionInDays;
    expect(retention(stack)).toBeUndefined();
    expect(retention(synthesise({ checker: false, logRetentionDays: 90 }))).toBe(90);
  });

  it('is told to end work on tasks before the schedule starts the next pass', () => {
    expect(inspector.Environment.Variables.INSPECT_SECONDS).toBe('60');
    const slow = synthesise({ scheduleMinutes: '5', checker: false });
    expect(slow.only('AWS::Lambda::Function').Properties.Environment.Variables.INSPECT_SECONDS).toBe('300');
    expect(slow.only('AWS::Scheduler::Schedule').Properties.ScheduleExpression).toBe('rate(5 minutes)');
  });

  it.each([
    { memoryMiB: '128', half: 4, heap: 115 },
    { memoryMiB: '1024', half: 16, heap: 256 },
    { memoryMiB: '10240', half: 16, heap: 2_560 },
  ])(
    'keeps its heap to $heap MiB and its garbage to a few times $half MiB of $memoryMiB MiB, with flags that Node takes',
    ({ memoryMiB, half, heap }) => {
      const { NODE_OPTIONS } = synthesise({ memoryMiB, checker: false }).only('AWS::Lambda::Function')
        .Properties.Environment.Variables;
      const limit = execFileSync(
        process.execPath,
        ['-p', 'require("node:v8").getHeapStatistics().heap_size_limit / 2 ** 20'],
        { env: { ...process.env, NODE_OPTIONS }, encoding: 'utf8' },
      );
      // Up to three half-spaces are in use while one is collected.
      expect(Number(limit)).toBeCloseTo(heap + 3 * half, 0);
    },
  );

  it('has the memory and the shards that the context names, and a log that is kept unless disposable', () => {
    const configured = synthesise({ memoryMiB: '2048', shards: '8', checker: false }).only(
      'AWS::Lambda::Function',
    ).Properties;
    expect(configured.MemorySize).toBe(2_048);
    expect(configured.Environment.Variables.DUE_SHARDS).toBe('8');
    expect(inspector.Environment.Variables.DUE_SHARDS).toBe('4');
    expect(stack.only('AWS::Logs::LogGroup').DeletionPolicy).toBe('Retain');
    expect(synthesise({ disposable: true, checker: false }).only('AWS::Logs::LogGroup').DeletionPolicy).toBe(
      'Delete',
    );
  });

  it('neither retries nor keeps asynchronous invocations for long, and hands failed ones on', () => {
    const { Properties } = stack.only('AWS::Lambda::EventInvokeConfig');
    expect(Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    expect(Properties.DestinationConfig.OnFailure.Destination).toHaveProperty('Fn::GetAtt');
  });
});

describe('the schedule', () => {
  const { Properties: schedule } = stack.only('AWS::Scheduler::Schedule');

  it('invokes an inspection every minute', () => {
    expect(schedule).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
    expect(JSON.parse(schedule.Target.Input)).toEqual({ mode: 'inspect' });
  });

  it('bounds retries and event age, and hands on what it could not deliver', () => {
    expect(schedule.Target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 });
    expect(schedule.Target.DeadLetterConfig.Arn).toHaveProperty('Fn::GetAtt');
  });
});

describe('the roles', () => {
  const statements = (of: typeof stack) =>
    of
      .ofType('AWS::IAM::Policy')
      .flatMap(
        ({ Properties }) =>
          Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
      )
      .flatMap(({ Action, Resource }) =>
        [Action].flat().map((action) => ({ action, resources: [Resource].flat() })),
      );

  const logicalId = (match: (resource: Resource) => boolean, of = stack): string =>
    (Object.entries(of.resources).find(([, resource]) => match(resource)) ?? [''])[0];

  it('name exact actions on exact resources', () => {
    for (const { action, resources } of statements(stack)) {
      expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
      for (const resource of resources) {
        expect(resource).not.toEqual('*');
        expect(JSON.stringify(resource)).not.toContain('*');
      }
    }
  });

  const allowed = (kind: TableKind): string[] => {
    const table = logicalId((resource) => resource === tableOf(kind));
    return statements(stack)
      .filter(({ action }) => action.startsWith('dynamodb:'))
      .flatMap(({ action, resources }) =>
        resources
          .filter((resource) => JSON.stringify(resource).includes(table))
          .map((resource) => `${action}${JSON.stringify(resource).includes('/index/due') ? ' due' : ''}`),
      )
      .map((action) => action.replace('dynamodb:', ''))
      .sort();
  };

  it('allow a pass what it does with each table, and no more', () => {
    expect(allowed('jobs')).toEqual(['BatchGetItem', 'PartiQLUpdate', 'Query due', 'Scan', 'UpdateItem']);
    expect(allowed('tasks')).toEqual([
      'BatchGetItem',
      'PartiQLUpdate',
      'Query',
      'Query due',
      'Scan',
      'UpdateItem',
    ]);
    expect(allowed('segments')).toEqual(['BatchGetItem', 'PartiQLUpdate']);
  });

  it.each([
    ['Jobs', 'jobs'],
    ['Tasks', 'tasks'],
    ['Segments', 'segments'],
  ] as const)('on %s are those that SECURITY.md lists', (heading, kind) => {
    const text = readFileSync(join(import.meta.dirname, '../SECURITY.md'), 'utf8');
    const row = text.split('\n').find((line) => line.startsWith(`| ${heading} |`)) ?? '';
    const listed = [...row.matchAll(/dynamodb:(\w+)/g)].map(([, action]) => action);
    expect(listed).toEqual(allowed(kind).filter((action) => !action.endsWith(' due')));
  });

  it('let the schedule invoke the function and hand on what it could not, and the function log and send', () => {
    const actionsOn = (type: string): string[] => {
      const ids = Object.entries(stack.resources)
        .filter(([, resource]) => resource.Type === type)
        .map(([id]) => id);
      return statements(stack)
        .filter(({ resources }) => ids.some((id) => JSON.stringify(resources).includes(`"${id}"`)))
        .map(({ action }) => action)
        .sort();
    };
    expect(actionsOn('AWS::Lambda::Function')).toEqual(['lambda:InvokeFunction']);
    expect(actionsOn('AWS::Logs::LogGroup')).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
    const queue = logicalId(({ Properties }) => Properties?.RedrivePolicy !== undefined);
    const onQueue = statements(stack).filter(({ resources }) => JSON.stringify(resources).includes(queue));
    expect(onQueue.map(({ action }) => action)).toEqual(['sqs:SendMessage']);
    const policyOfSchedule = stack
      .ofType('AWS::IAM::Policy')
      .find(({ Properties }) => JSON.stringify(Properties).includes('lambda:InvokeFunction'));
    expect(JSON.stringify(policyOfSchedule)).toContain('sqs:SendMessage');
  });

  it('let only schedules of this account and group assume the schedule’s role', () => {
    const trust = stack
      .ofType('AWS::IAM::Role')
      .map(({ Properties }) => Properties.AssumeRolePolicyDocument.Statement[0])
      .find(({ Principal }) => Principal.Service === 'scheduler.amazonaws.com');
    expect(Object.keys(trust.Condition.StringEquals)).toEqual(['aws:SourceAccount', 'aws:SourceArn']);
  });

  it('allow the same on tables and a queue that exist already', () => {
    const existing = synthesise(someoneElses);
    const text = JSON.stringify(statements(existing));
    for (const name of ['table/their-jobs', 'table/their-jobs/index/due', 'table/their-segments', queueArn])
      expect(text).toContain(name);
    expect(text).not.toContain('*');
  });
});

const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:their-queue.fifo';
const someoneElses = {
  jobsTable: 'their-jobs',
  tasksTable: 'their-tasks',
  segmentsTable: 'their-segments',
  queueArn,
};

describe('tables and a queue that exist already', () => {
  const existing = synthesise(someoneElses);

  it('are used, and none is created', () => {
    expect(existing.ofType(TABLE)).toEqual([]);
    expect(existing.ofType(QUEUE)).toHaveLength(1);
    const { Variables } = existing.only('AWS::Lambda::Function').Properties.Environment;
    expect(Variables).toMatchObject({
      JOBS_TABLE_NAME: 'their-jobs',
      TASKS_TABLE_NAME: 'their-tasks',
      SEGMENTS_TABLE_NAME: 'their-segments',
    });
    expect(JSON.stringify(Variables.SCHEDULER_QUEUE_URL)).toContain('/123456789012/their-queue.fifo');
  });
});

describe('cdk-nag’s AwsSolutions rules', () => {
  const synthesiseWithRules = (
    context: Record<string, unknown>,
    spoil: (stack: Stack) => void = () => {},
  ): void => {
    const { app, stack: deployed } = createApp({ 'aws:cdk:bundling-stacks': [], ...context });
    spoil(deployed);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  };

  const streamOf = (table: string): string =>
    `arn:aws:dynamodb:eu-west-1:123456789012:table/${table}/stream/2026-11-22T12:00:00.000`;
  const streams = { jobsStreamArn: streamOf('their-jobs'), tasksStreamArn: streamOf('their-tasks') };

  it.each([{}, { disposable: true }, someoneElses, { ...someoneElses, ...streams, checker: true }])(
    'pass for %o but for what is acknowledged with a reason',
    (context) => {
      expect(() => synthesiseWithRules(context)).not.toThrow();
    },
  );

  it('fail for what is wrong: here a queue that anybody may read in the clear', () => {
    const spoilt = () => synthesiseWithRules({}, (deployed) => new Queue(deployed, 'Careless'));
    expect(spoilt).toThrow(/Careless[\s\S]*AwsSolutions-SQS4/);
  });
});

describe('cdk.json', () => {
  it('decides every feature flag that the installed CDK recommends, so that synth ends without a notice', () => {
    const { resolve } = createRequire(import.meta.url);
    const library = dirname(resolve('aws-cdk-lib/package.json'));
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const recommended: Record<string, unknown> = read(join(library, 'recommended-feature-flags.json'));
    const { context } = read(join(import.meta.dirname, '../cdk.json'));
    expect(Object.keys(recommended).filter((flag) => !(flag in context))).toEqual([]);
  });
});
