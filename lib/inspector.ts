import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../functions/inspector/environment.ts';
import { BUNDLING } from './bundling.ts';
import type { MetadataTables } from './metadata-tables.ts';
import { deadLetterQueue, type SchedulerQueue } from './scheduler-queue.ts';

const FUNCTIONS = join(import.meta.dirname, '..', 'functions');

/** Recovery walks the tables, and a Failed job may have a million targets: all the time there is. */
const TIMEOUT = Duration.minutes(15);

/**
 * The next minute brings the next pass, and no pass carries state: an invocation that could not be made in time
 * is worth nothing later. Without bounds, invocations are kept for six hours, and passes pile up.
 */
const MAX_EVENT_AGE = Duration.minutes(1);

export interface InspectorProps {
  readonly tables: MetadataTables;
  readonly queue: SchedulerQueue;
  readonly scheduleMinutes: number;
  readonly shards: number;
  readonly memoryMiB: number;
  readonly disposable: boolean;
}

/** The function that makes one pass, its schedule, its log, and where failed invocations go. */
export class Inspector extends Construct {
  readonly functionName: string;
  readonly roleArn: string;
  readonly logGroupName: string;
  readonly scheduleName: string;
  readonly failedPasses: Queue;

  constructor(scope: Construct, id: string, props: InspectorProps) {
    super(scope, id);
    this.failedPasses = deadLetterQueue(this, 'FailedPasses');
    Validations.of(this.failedPasses).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'This queue is where failed invocations end: nothing consumes it, so nothing of it can fail. The rule knows redrive policies only, not the destinations of functions and schedules.',
    });
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: props.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    const role = this.createRole(props, logGroup);
    const inspector = this.createFunction(props, role, logGroup);
    const schedule = this.createSchedule(inspector, props.scheduleMinutes);
    this.functionName = inspector.functionName;
    this.roleArn = role.roleArn;
    this.logGroupName = logGroup.logGroupName;
    this.scheduleName = schedule.scheduleName;
  }

  private createRole({ tables, queue }: InspectorProps, logGroup: LogGroup): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // The managed AWSLambdaBasicExecutionRole would allow every log group of the account.
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    tables.grantInspection(role);
    queue.grantSend(role);
    return role;
  }

  private createFunction(
    { tables, queue, scheduleMinutes, shards, memoryMiB }: InspectorProps,
    role: Role,
    logGroup: LogGroup,
  ): NodejsFunction {
    return new NodejsFunction(this, 'Function', {
      entry: join(FUNCTIONS, 'inspector', 'handler.ts'),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMiB,
      timeout: TIMEOUT,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.DISABLED,
      maxEventAge: MAX_EVENT_AGE,
      retryAttempts: 0,
      onFailure: new SqsDestination(this.failedPasses),
      environment: {
        [ENVIRONMENT.jobsTable]: tables.names.jobs,
        [ENVIRONMENT.tasksTable]: tables.names.tasks,
        [ENVIRONMENT.segmentsTable]: tables.names.segments,
        [ENVIRONMENT.queueUrl]: queue.queue.queueUrl,
        [ENVIRONMENT.shards]: String(shards),
        [ENVIRONMENT.inspectSeconds]: String(Math.min(scheduleMinutes * 60, TIMEOUT.toSeconds())),
      },
      bundling: BUNDLING,
    });
  }

  private createSchedule(inspector: NodejsFunction, scheduleMinutes: number): Schedule {
    const { account, partition, region } = Stack.of(this);
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': account,
            'aws:SourceArn': `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`,
          },
        },
      }),
    });
    const allow = (action: string, resource: string): void => {
      role.addToPolicy(new PolicyStatement({ actions: [action], resources: [resource] }));
    };
    allow('lambda:InvokeFunction', inspector.functionArn);
    allow('sqs:SendMessage', this.failedPasses.queueArn);

    const schedule = new Schedule(this, 'Schedule', {
      description: 'One inspection pass of the copy-segment inspector',
      schedule: ScheduleExpression.rate(Duration.minutes(scheduleMinutes)),
      target: new LambdaInvoke(inspector, {
        input: ScheduleTargetInput.fromObject({ mode: 'inspect' }),
        // Left to itself, the target would also allow every version of the function.
        role: role.withoutPolicyUpdates(),
        maxEventAge: MAX_EVENT_AGE,
        retryAttempts: 2,
        deadLetterQueue: this.failedPasses,
      }),
    });
    // IAM is eventually consistent: without its policy, the role's first invocations would fail.
    schedule.node.addDependency(role);
    return schedule;
  }
}
