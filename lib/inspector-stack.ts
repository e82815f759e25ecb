import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Configuration } from './configuration.ts';
import { Inspector } from './inspector.ts';
import { MetadataTables } from './metadata-tables.ts';
import { SchedulerQueue } from './scheduler-queue.ts';

/** The inspector with its tables and its queue. */
export class InspectorStack extends Stack {
  constructor(scope: Construct, id: string, configuration: Configuration, props?: StackProps) {
    super(scope, id, {
      description: 'Copy-segment inspector: Milvus snapshot restores without a server',
      ...props,
    });
    const { existingTables, existingQueueArn, disposable, scheduleMinutes, shards, memoryMiB } =
      configuration;
    const tables = new MetadataTables(this, 'Metadata', { existing: existingTables, disposable });
    const queue = new SchedulerQueue(this, 'Scheduler', { existingArn: existingQueueArn });
    const inspector = new Inspector(this, 'Inspector', {
      tables,
      queue,
      scheduleMinutes,
      shards,
      memoryMiB,
      disposable,
    });

    const output = (name: string, value: string, description: string): void => {
      new CfnOutput(this, name, { value, description });
    };
    output('FunctionName', inspector.functionName, 'The function that makes one pass');
    output('QueueUrl', queue.queue.queueUrl, 'The queue that workers take tasks from');
    output('JobsTableName', tables.names.jobs, 'Jobs');
    output('TasksTableName', tables.names.tasks, 'Tasks');
    output('SegmentsTableName', tables.names.segments, 'Segments');
    output('FailedPassesUrl', inspector.failedPasses.queueUrl, 'Invocations that failed or were never made');
    output(
      'RecoveryCommand',
      recoveryCommand(inspector.functionName),
      'Makes one recovery pass and prints its report',
    );
  }
}

// Without the time-out the AWS CLI gives up after a minute and invokes once more, while the first pass runs on.
const recoveryCommand = (functionName: string): string =>
  `aws lambda invoke --function-name ${functionName} --cli-read-timeout 900 --cli-binary-format raw-in-base64-out --payload '{"mode":"recover"}' /dev/stdout`;
