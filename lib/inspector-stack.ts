import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { alarmName } from './alarm.ts';
import { AlarmNotifications } from './alarm-notifications.ts';
import { Checker } from './checker.ts';
import type { Configuration } from './configuration.ts';
import { OperatorDashboard } from './dashboard.ts';
import { Inspector } from './inspector.ts';
import { MetadataTables } from './metadata-tables.ts';
import { Reactions } from './reactions.ts';
import { recoveryCommands } from './recovery-commands.ts';
import { SchedulerQueue } from './scheduler-queue.ts';
import { lifecycleRuleFor, Worker } from './worker.ts';

/** The inspector with its tables, its queue, and the checker beside it. */
export class InspectorStack extends Stack {
  constructor(scope: Construct, id: string, configuration: Configuration, props?: StackProps) {
    super(scope, id, {
      description: 'Copy-segment inspector: Milvus snapshot restores without a server',
      ...props,
    });
    const {
      existingTables,
      existingStreams,
      reactive,
      existingQueueArn,
      disposable,
      scheduleMinutes,
      shards,
      memoryMiB,
    } = configuration;
    const { maxDrops, logRetention } = configuration;
    const tables = new MetadataTables(this, 'Metadata', {
      existing: existingTables,
      existingStreams,
      reactive,
      disposable,
    });
    const queue = new SchedulerQueue(this, 'Scheduler', { existingArn: existingQueueArn });
    const inspector = new Inspector(this, 'Inspector', {
      tables,
      queue,
      scheduleMinutes,
      shards,
      memoryMiB,
      maxDrops,
      disposable,
      logRetention,
    });
    const checker = configuration.checker
      ? new Checker(this, 'Checker', { tables, shards, memoryMiB, disposable, logRetention })
      : undefined;

    if (tables.streams) new Reactions(this, 'Reactions', { streams: tables.streams, inspector, checker });

    const worker = configuration.worker
      ? new Worker(this, 'Worker', {
          ...configuration.worker,
          tables,
          queue,
          shards,
          disposable,
          logRetention,
        })
      : undefined;

    new AlarmNotifications(this, 'Alarms', {
      alarms: [...inspector.alarms, ...(checker?.alarms ?? []), ...queue.alarms],
      topicArn: configuration.alarmTopicArn,
      email: configuration.alarmEmail,
    });

    const dashboard = configuration.dashboard
      ? new OperatorDashboard(this, 'Dashboard', { inspector, checker, queue })
      : undefined;

    const output = (name: string, value: string, description: string): void => {
      new CfnOutput(this, name, { value, description });
    };
    output('FunctionName', inspector.functionName, 'The function that makes one pass');
    output(
      'FunctionRoleArn',
      inspector.roleArn,
      'The role that the function has: keys and queues may have to allow it',
    );
    output('LogGroupName', inspector.logGroupName, 'Where each pass logs its report');
    output('ScheduleName', inspector.scheduleName, 'The schedule that invokes the function');
    output('FailedPassesUrl', inspector.failedPasses.queueUrl, 'Invocations that failed or were never made');
    if (checker) {
      output('CheckerFunctionName', checker.functionName, 'The function that checks jobs');
      output(
        'CheckerFunctionRoleArn',
        checker.roleArn,
        'The role that the checker has: keys may have to allow it',
      );
      output('CheckerLogGroupName', checker.logGroupName, 'Where each check logs its report');
      output('CheckerScheduleName', checker.scheduleName, 'The schedule that invokes the checker');
      output('FailedChecksUrl', checker.failedPasses.queueUrl, 'Checks that failed or were never made');
    }
    output('AlarmNamePrefix', alarmName(this.stackName, ''), 'What the names of all alarms begin with');
    if (dashboard) output('DashboardName', dashboard.dashboardName, 'The dashboard, in CloudWatch');
    output('QueueUrl', queue.queue.queueUrl, 'The queue that workers take tasks from');
    if (queue.deadLetters)
      output('DeadLetterQueueUrl', queue.deadLetters.queueUrl, 'Messages that were received too often');
    output('DueShards', String(shards), 'Partitions of the due index');
    output('MaxDrops', String(maxDrops), 'How many segments one pass may drop');
    output('JobsTableName', tables.names.jobs, 'Jobs');
    output('TasksTableName', tables.names.tasks, 'Tasks');
    output('SegmentsTableName', tables.names.segments, 'Segments');

    if (configuration.worker && worker) {
      const { target } = configuration.worker;
      output('WorkerFunctionName', worker.functionName, 'The function that copies the objects of a task');
      output(
        'WorkerFunctionRoleArn',
        worker.roleArn,
        'The role that the worker has: keys, and buckets of other accounts, have to allow it',
      );
      output('WorkerLogGroupName', worker.logGroupName, 'Where the worker logs what it copied');
      output(
        'TargetLifecycleRule',
        lifecycleRuleFor(target),
        `The lifecycle rule that ${target.bucket} needs: it removes the parts of workers that died`,
      );
    }

    const { wait, start, read } = recoveryCommands(inspector.functionName, inspector.logGroupName);
    output('RecoveryCommand', wait, 'Makes one recovery pass; its report is in recovery.json');
    output(
      'LongRecoveryCommand',
      start,
      'Starts a recovery pass that may take more than five minutes; its report will be in the log',
    );
    output('RecoveryReportsCommand', read, "Prints the reports of the last hour's recoveries, from the log");
  }
}
