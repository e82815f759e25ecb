import { DescribeTableCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import type { Connection } from './connection.ts';

/** Tables of the deployment that do not exist: DynamoDB's own error does not say which. */
export class NoSuchTableError extends Error {
  override name = 'NoSuchTableError';
}

const MISSING = /ResourceNotFoundException|resource not found|non-existent table/i;

/**
 * Finds out which tables are missing, if that is what an error may be about.
 *
 * @param said what went wrong, in DynamoDB's words
 * @throws NoSuchTableError that names them
 */
export async function nameMissingTables(
  { dynamo, tables }: Pick<Connection, 'dynamo' | 'tables'>,
  said: string,
): Promise<void> {
  if (!MISSING.test(said)) return;
  const missing: string[] = [];
  for (const TableName of Object.values(tables))
    try {
      await dynamo.send(new DescribeTableCommand({ TableName }));
    } catch (error) {
      // Whoever may not ask learns what DynamoDB said.
      if (error instanceof ResourceNotFoundException) missing.push(TableName);
    }
  if (missing.length === 0) return;
  const tablesAre =
    missing.length === 1 ? `There is no table ${missing[0]}` : `There are no tables ${missing.join(', ')}`;
  throw new NoSuchTableError(`${tablesAre} in this account and region.`);
}
