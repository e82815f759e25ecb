import type { CloudFormationClientConfig } from '@aws-sdk/client-cloudformation';
import type { Meter } from '../../functions/aws/metered-clients.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import { UserError } from '../user-error.ts';
import type { Deployment } from './connection.ts';
import { counted } from './counted.ts';

/**
 * What a deployed stack says of itself.
 *
 * @throws UserError if there is no such stack, or it is not one of this project
 */
export async function readStack(
  StackName: string,
  config: CloudFormationClientConfig,
  meter: Meter,
): Promise<Deployment> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = counted(new CloudFormationClient(config), meter);
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    const outputs = Object.fromEntries(
      (stack?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    );
    return deploymentOf(StackName, outputs);
  } catch (error) {
    // CloudFormation has no error of its own for it.
    if (error instanceof Error && /does not exist/.test(error.message))
      throw new UserError(`There is no stack ${StackName} in this account and region.`);
    throw error;
  } finally {
    client.destroy();
  }
}

type Outputs = Readonly<Record<string, string | undefined>>;

/** @throws UserError if its outputs name no tables */
export function deploymentOf(stackName: string, outputs: Outputs): Deployment {
  const { JobsTableName: jobs, TasksTableName: tasks, SegmentsTableName: segments } = outputs;
  if (!jobs || !tasks || !segments)
    throw new UserError(`The stack ${stackName} has no outputs that name tables: is it an inspector's?`);
  return {
    tables: { jobs, tasks, segments },
    shards: Number(outputs.DueShards ?? DEFAULT_DUE_SHARDS),
    queueUrl: outputs.QueueUrl,
    maxDrops: outputs.MaxDrops === undefined ? undefined : Number(outputs.MaxDrops),
    alarmNamePrefix: outputs.AlarmNamePrefix,
    inspector: {
      functionName: outputs.FunctionName,
      scheduleName: outputs.ScheduleName,
      logGroupName: outputs.LogGroupName,
      failedUrl: outputs.FailedPassesUrl,
    },
    checker: {
      functionName: outputs.CheckerFunctionName,
      scheduleName: outputs.CheckerScheduleName,
      logGroupName: outputs.CheckerLogGroupName,
      failedUrl: outputs.FailedChecksUrl,
    },
  };
}
