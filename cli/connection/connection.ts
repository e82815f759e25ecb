import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Meter } from '../../functions/aws/metered-clients.ts';
import type { TableNames } from '../../functions/copy-segment/tables.ts';

/** What a command needs to know of a deployment; what is undefined was neither named nor among the stack's outputs. */
export interface Deployment {
  readonly tables: TableNames;
  /** Partitions of the `due` index. */
  readonly shards: number;
  readonly queueUrl?: string | undefined;
  /** How many segments a pass of the deployed inspector may drop. */
  readonly maxDrops?: number | undefined;
  readonly inspector: ScheduledFunction;
  readonly checker: ScheduledFunction;
  /** What the names of all its alarms begin with. */
  readonly alarmNamePrefix?: string | undefined;
}

/** A function that passes are made by, by the names of its parts. */
export interface ScheduledFunction {
  readonly functionName?: string | undefined;
  readonly scheduleName?: string | undefined;
  readonly logGroupName?: string | undefined;
  /** Where invocations end that failed or could not be made. */
  readonly failedUrl?: string | undefined;
}

/** Clients that few commands need; each is loaded when it is first asked for, so that start-up stays quick. */
export interface LazyClients {
  /** Waits as long as a pass takes, and tries nothing twice. */
  lambda(): Promise<LambdaClient>;
  scheduler(): Promise<SchedulerClient>;
  cloudWatch(): Promise<CloudWatchClient>;
  logs(): Promise<CloudWatchLogsClient>;
}

/** A deployment, and the way to it: what every command works with. */
export interface Connection extends Deployment {
  readonly dynamo: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly aws: LazyClients;
  /** Every request of every client, passes in this process included. */
  readonly meter: Meter;
  /** In a few words: "stack CopySegmentInspector". */
  readonly name: string;
  /** Whether tables and queue are embedded: nothing else is there, and all of it ends with the command. */
  readonly isEmbedded: boolean;
  /** The options that name the deployment, as they were typed: what a printed command has to repeat. */
  readonly options: readonly string[];
  close(): Promise<void>;
}
