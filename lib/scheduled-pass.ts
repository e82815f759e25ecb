import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, SystemLogLevel, Tracing } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AlarmHeading } from '../functions/pass/alarm-headings.ts';
import { VARIABLES } from '../functions/pass/variables.ts';
import { pagingAlarm } from './alarm.ts';
import { BUNDLING } from './bundling.ts';
import { heapFlags } from './heap.ts';
import { deadLetterQueue } from './scheduler-queue.ts';

const FUNCTIONS = join(import.meta.dirname, '..', 'functions');

/** A recovery walks the tables, and a job may have a million targets: all the time there is. */
export const PASS_TIMEOUT = Duration.minutes(15);

/**
 * The next minute brings the next pass, and no pass carries state: an invocation that could not be made in time
 * is worth nothing later. Without bounds, invocations are kept for six hours, and passes pile up.
 */
const MAX_EVENT_AGE = Duration.minutes(1);

/** What its alarms are called, and what they mean for a restore. */
export interface PassAlarms {
  readonly none: { readonly heading: AlarmHeading; readonly impact: string };
  readonly failing: { readonly heading: AlarmHeading; readonly impact: string };
}

export interface ScheduledPassProps {
  /** The folder of functions/ that its handler is in. */
  readonly room: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What each scheduled invocation is given. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly description: string;
  readonly scheduleMinutes: number;
  readonly memoryMiB: number;
  readonly logRetention: RetentionDays;
  readonly disposable: boolean;
  readonly alarms: PassAlarms;
  /** Allows the function what it does with tables and queues. */
  readonly grant: (role: IRole) => void;
}

/** A function that makes one pass, its schedule, its log, and where failed invocations go. */
export class ScheduledPass extends Construct {
  readonly functionName: string;
  readonly roleArn: string;
  readonly logGroupName: string;
  readonly scheduleName: string;
  readonly failedPasses: Queue;
  readonly role: Role;
  readonly alarms: Alarm[];
  readonly function: NodejsFunction;

  constructor(scope: Construct, id: string, props: ScheduledPassProps) {
    super(scope, id);
    this.failedPasses = deadLetterQueue(this, 'FailedPasses');
    Validations.of(this.failedPasses).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'This queue is where failed invocations end: nothing consumes it, so nothing of it can fail. The rule knows redrive policies only, not the destinations of functions and schedules.',
    });
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention,
      removalPolicy: props.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    const role = this.createRole(props, logGroup);
    const pass = this.createFunction(props, role, logGroup);
    const schedule = this.createSchedule(pass, props);
    this.role = role;
    this.functionName = pass.functionName;
    this.roleArn = role.roleArn;
    this.logGroupName = logGroup.logGroupName;
    this.scheduleName = schedule.scheduleName;
    this.function = pass;
    this.alarms = this.createAlarms(pass, props);
  }

  private createRole({ grant }: ScheduledPassProps, logGroup: LogGroup): Role {
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    // The managed AWSLambdaBasicExecutionRole would allow every log group of the account.
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );
    grant(role);
    return role;
  }

  private createFunction(
    { room, memoryMiB, environment }: ScheduledPassProps,
    role: Role,
    logGroup: LogGroup,
  ): NodejsFunction {
    return new NodejsFunction(this, 'Function', {
      entry: join(FUNCTIONS, room, 'handler.ts'),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMiB,
      timeout: PASS_TIMEOUT,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // What went well is in the report. Lambda's own lines about it, start and end, would be 40 % of an idle log.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: Tracing.DISABLED,
      maxEventAge: MAX_EVENT_AGE,
      retryAttempts: 0,
      onFailure: new SqsDestination(this.failedPasses),
      environment: {
        ...environment,
        [VARIABLES.stack]: Stack.of(this).stackName,
        NODE_OPTIONS: heapFlags(memoryMiB).join(' '),
      },
      bundling: BUNDLING,
    });
  }

  private createAlarms(pass: NodejsFunction, { alarms, scheduleMinutes }: ScheduledPassProps): Alarm[] {
    const period = Duration.minutes(scheduleMinutes);
    const counted = (metric: Metric) => metric.with({ statistic: 'Sum', period });
    // Of passes that are rare, the third to be missing is late enough.
    const periods = scheduleMinutes === 1 ? 5 : 3;
    return [
      pagingAlarm(this, 'NoneAlarm', {
        ...alarms.none,
        command: 'status',
        // What the schedule and operators ask for; invocations would count those by streams, which go on without a schedule.
        metric: counted(pass.metric('AsyncEventsReceived')),
        threshold: 0,
        isBreachedBelow: true,
        of: periods,
        breaching: periods,
        isMissingBreaching: true,
      }),
      pagingAlarm(this, 'FailingAlarm', {
        ...alarms.failing,
        command: 'status',
        metric: counted(pass.metricErrors()),
        threshold: 1,
        of: periods,
        breaching: Math.ceil(periods / 2),
      }),
    ];
  }

  private createSchedule(
    pass: NodejsFunction,
    { event, description, scheduleMinutes }: ScheduledPassProps,
  ): Schedule {
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
    allow('lambda:InvokeFunction', pass.functionArn);
    allow('sqs:SendMessage', this.failedPasses.queueArn);

    const schedule = new Schedule(this, 'Schedule', {
      description,
      schedule: ScheduleExpression.rate(Duration.minutes(scheduleMinutes)),
      target: new LambdaInvoke(pass, {
        input: ScheduleTargetInput.fromObject(event),
        // By itself the target would allow every version of the function, too.
        role: role.withoutPolicyUpdates(),
        maxEventAge: MAX_EVENT_AGE,
        retryAttempts: 2,
        deadLetterQueue: this.failedPasses,
      }),
    });
    // IAM is slow to tell everybody: without its policy, the role's first invocations would fail.
    schedule.node.addDependency(role);
    return schedule;
  }
}
