import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BUNDLING } from './bundling.ts';
import type { MetadataTables } from './metadata-tables.ts';
import { ObjectPlaces, type ObjectPlacesProps } from './object-places.ts';
import { type SchedulerQueue, WORKER_TIMEOUT } from './scheduler-queue.ts';

const ENTRY = join(import.meta.dirname, '..', 'functions', 'worker-s3', 'handler.ts');

/**
 * S3 moves the bytes, so that the worker's own network carries requests alone: what 48 of them in flight take is some
 * processor for TLS, which comes with memory, half a core here.
 */
const MEMORY_MIB = 1_024;

export interface WorkerProps extends ObjectPlacesProps {
  readonly tables: MetadataTables;
  readonly queue: SchedulerQueue;
  readonly shards: number;
  /** How many tasks are copied at once. */
  readonly maxWorkers: number;
  readonly logRetention: RetentionDays;
  readonly disposable: boolean;
}

/** The reference worker: the function that copies a task's objects, its log, and its place at the queue. */
export class Worker extends Construct {
  readonly functionName: string;
  readonly roleArn: string;
  readonly logGroupName: string;

  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: props.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    const role = this.createRole(props, logGroup);
    const worker = new NodejsFunction(this, 'Function', {
      entry: ENTRY,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY_MIB,
      timeout: WORKER_TIMEOUT,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.DISABLED,
      environment: props.tables.variables(props.shards),
      bundling: BUNDLING,
    });
    const mapping = worker.addEventSourceMapping('Tasks', {
      eventSourceArn: props.queue.queue.queueArn,
      // One invocation, one task: its 15 minutes are the task's own.
      batchSize: 1,
      maxConcurrency: props.maxWorkers,
      reportBatchItemFailures: true,
    });
    // Lambda tries the queue as the role when the mapping is created.
    mapping.node.addDependency(role);
    this.functionName = worker.functionName;
    this.roleArn = role.roleArn;
    this.logGroupName = logGroup.logGroupName;
  }

  private createRole({ tables, queue, source, target }: WorkerProps, logGroup: LogGroup): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // The managed AWSLambdaBasicExecutionRole would allow every log group of the account.
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    tables.grantWork(role);
    queue.grantReceive(role);
    new ObjectPlaces(this, 'Objects', { source, target }).grantCopy(role);
    return role;
  }
}

/**
 * The lifecycle rule that the target's bucket needs: the parts of a worker that died are stored, and paid for, until
 * somebody removes them. Text, because the bucket is not this stack's.
 */
export const lifecycleRuleFor = ({ rootPath }: ObjectPlacesProps['target']): string =>
  JSON.stringify({
    Rules: [
      {
        ID: 'copy-segment-abandoned-uploads',
        Status: 'Enabled',
        Filter: { Prefix: rootPath === '' ? '' : `${rootPath}/` },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABANDONED_AFTER.toDays() },
      },
    ],
  });

/** S3 counts in days; no worker works on an upload for longer than its 15 minutes. */
const ABANDONED_AFTER = Duration.days(1);
