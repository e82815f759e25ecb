import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { CommandCall } from '../commands/command.ts';

/** Fewer are done before a bar could be read. */
export const MIN_TASKS = 1_000;

/** About how many tasks there are: DynamoDB counts every six hours. 0: unknown, and no reason to stop. */
export async function countTasks({
  connection: { dynamo, tables },
  options,
}: Pick<CommandCall<{ readonly jobs?: readonly string[] }>, 'connection' | 'options'>): Promise<number> {
  if (options.jobs !== undefined) return 0;
  try {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: tables.tasks }));
    return Table?.ItemCount ?? 0;
  } catch {
    return 0;
  }
}
