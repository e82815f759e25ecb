import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { createApp, type Resource, synthesise } from './support/synthesise.ts';

const buckets = {
  sourceBucket: 'snapshots',
  sourceRootPath: 'backups/prod',
  targetBucket: 'milvus',
  targetRootPath: 'files',
};
const someoneElses = {
  jobsTable: 'their-jobs',
  tasksTable: 'their-tasks',
  segmentsTable: 'their-segments',
  queueArn: 'arn:aws:sqs:eu-west-1:123456789012:their-queue.fifo',
};

// The streams have a suite of their own.
const stack = synthesise({ ...buckets, reactive: false });
const idOf = (of: typeof stack, type: string, prefix: string): string =>
  Object.entries(of.resources).find(([id, { Type }]) => Type === type && id.startsWith(prefix))?.[0] ?? '';
const resource = (type: string, prefix: string, of = stack): Resource =>
  of.resources[idOf(of, type, prefix)] as Resource;

const hasWorker = (context: Record<string, unknown>): boolean =>
  idOf(synthesise(context), 'AWS::Lambda::Function', 'Worker') !== '';

describe('the worker', () => {
  it.each<[string, Record<string, unknown>, boolean]>([
    ['is deployed with new tables once its buckets are named', buckets, true],
    ['is not deployed without buckets', {}, false],
    ['is not deployed if it is not wanted', { ...buckets, worker: 'false' }, false],
    ['is not deployed beside tables that exist already', { ...buckets, ...someoneElses }, false],
    ['is deployed beside them if it is asked for', { ...buckets, ...someoneElses, worker: 'true' }, true],
  ])('%s', (_, context, expected) => {
    expect(hasWorker(context)).toBe(expected);
  });

  it('runs Node 24 on arm64 for up to 15 minutes, and logs to a group that is kept for ever, or as long as is asked for', () => {
    const { Properties } = resource('AWS::Lambda::Function', 'Worker');
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1_024,
      Timeout: 900,
    });
    expect(Properties.LoggingConfig.LogGroup).toEqual({ Ref: idOf(stack, 'AWS::Logs::LogGroup', 'Worker') });
    expect(resource('AWS::Logs::LogGroup', 'Worker').Properties?.RetentionInDays).toBeUndefined();
    const kept = synthesise({ ...buckets, logRetentionDays: 90 });
    expect(resource('AWS::Logs::LogGroup', 'Worker', kept).Properties.RetentionInDays).toBe(90);
    expect(resource('AWS::Logs::LogGroup', 'Worker').DeletionPolicy).toBe('Retain');
    const disposable = synthesise({ ...buckets, disposable: true });
    expect(resource('AWS::Logs::LogGroup', 'Worker', disposable).DeletionPolicy).toBe('Delete');
  });

  it('takes one message at a time from the scheduler’s queue, and says which it could not take', () => {
    expect(stack.only('AWS::Lambda::EventSourceMapping').Properties).toMatchObject({
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
      EventSourceArn: { 'Fn::GetAtt': [idOf(stack, 'AWS::SQS::Queue', 'SchedulerQueue'), 'Arn'] },
      FunctionName: { Ref: idOf(stack, 'AWS::Lambda::Function', 'Worker') },
    });
  });

  it('is there as often as the context says', () => {
    const mapping = synthesise({ ...buckets, maxWorkers: '200', reactive: false }).only(
      'AWS::Lambda::EventSourceMapping',
    );
    expect(mapping.Properties.ScalingConfig).toEqual({ MaximumConcurrency: 200 });
  });

  it('has six times its timeout before a message comes back', () => {
    const { Properties } = resource('AWS::SQS::Queue', 'SchedulerQueue');
    expect(Properties.VisibilityTimeout).toBe(
      6 * resource('AWS::Lambda::Function', 'Worker').Properties.Timeout,
    );
    expect(resource('AWS::SQS::Queue', 'SchedulerQueue', synthesise()).Properties.VisibilityTimeout).toBe(
      5_400,
    );
  });
});

describe('the worker’s role', () => {
  interface Statement {
    readonly Action: string | string[];
    readonly Resource: unknown;
    readonly Condition?: unknown;
  }
  const policy = resource('AWS::IAM::Policy', 'Worker').Properties.PolicyDocument.Statement as Statement[];
  const statements = policy.map(({ Action, Resource, Condition }) => ({
    actions: [Action].flat().toSorted(),
    on: JSON.stringify([Resource].flat().map(asText)),
    ...(Condition !== undefined && { Condition }),
  }));

  /** An ARN as one text, what CloudFormation fills in in angle brackets. */
  function asText(arn: unknown): string {
    const parts = (arn as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
    if (!parts) return `<${JSON.stringify(arn)}>`;
    return parts[1].map((part) => (typeof part === 'string' ? part : '<partition>')).join('');
  }

  it('allows it to read below the source’s root, to create below the target’s, and to delete nothing', () => {
    const onS3 = statements.filter(({ actions }) => actions.some((action) => action.startsWith('s3:')));
    expect(onS3).toHaveLength(4);
    expect(onS3).toEqual(
      expect.arrayContaining([
        { actions: ['s3:GetObject'], on: '["arn:<partition>:s3:::snapshots/backups/prod/*"]' },
        {
          actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
          on: '["arn:<partition>:s3:::milvus/files/*"]',
        },
        {
          actions: ['s3:ListBucket'],
          on: '["arn:<partition>:s3:::snapshots"]',
          Condition: { StringLike: { 's3:prefix': 'backups/prod/*' } },
        },
        {
          actions: ['s3:ListBucket'],
          on: '["arn:<partition>:s3:::milvus"]',
          Condition: { StringLike: { 's3:prefix': 'files/*' } },
        },
      ]),
    );
  });

  it('reaches the whole bucket where there is no root path', () => {
    const whole = synthesise({ sourceBucket: 'snapshots', targetBucket: 'milvus' });
    const text = JSON.stringify(resource('AWS::IAM::Policy', 'Worker', whole).Properties);
    expect(text).toContain(':s3:::milvus/*"');
    expect(text).toContain('"s3:prefix":"*"');
  });

  it('allows it to change jobs and tasks, to read segments, to log, and to take messages, and no more', () => {
    const others = statements.filter(({ actions }) => !actions.some((action) => action.startsWith('s3:')));
    expect(others.flatMap(({ actions }) => actions).toSorted()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
    ]);
    const onTables = (action: string, kind: string) =>
      others.filter(({ actions, on }) => actions.includes(action) && on.includes(`Metadata${kind}`)).length;
    expect(['Jobs', 'Tasks', 'Segments'].map((kind) => onTables('dynamodb:GetItem', kind))).toEqual([
      1, 1, 1,
    ]);
    expect(['Jobs', 'Tasks', 'Segments'].map((kind) => onTables('dynamodb:UpdateItem', kind))).toEqual([
      1, 1, 0,
    ]);
    for (const { on } of others) expect(on).not.toContain('*');
  });
});

describe('the outputs', () => {
  it('name the worker, and the lifecycle rule for the parts of those that died', () => {
    expect(Object.keys(stack.outputs)).toEqual(
      expect.arrayContaining(['WorkerFunctionName', 'WorkerFunctionRoleArn', 'WorkerLogGroupName']),
    );
    expect(JSON.parse(stack.outputs.TargetLifecycleRule?.Value as string)).toEqual({
      Rules: [
        {
          ID: 'copy-segment-abandoned-uploads',
          Status: 'Enabled',
          Filter: { Prefix: 'files/' },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    });
    expect(synthesise().outputs).not.toHaveProperty('TargetLifecycleRule');
  });
});

describe('cdk-nag’s AwsSolutions rules', () => {
  it.each([
    { ...buckets },
    { sourceBucket: 'snapshots', targetBucket: 'milvus', disposable: true },
    { ...buckets, ...someoneElses, worker: true },
  ])('pass for %o but for what is acknowledged with a reason', (context) => {
    const { app } = createApp({ 'aws:cdk:bundling-stacks': [], ...context });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).not.toThrow();
  });
});
