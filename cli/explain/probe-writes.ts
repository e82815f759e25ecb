import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { TableKind, TableNames } from '../../functions/copy-segment/tables.ts';
import type { WriteFacts } from './facts.ts';

/** An item that is there. */
export interface Probe {
  readonly table: TableKind;
  readonly key: Readonly<Record<string, unknown>>;
}

/**
 * Whether a table takes writes: a write to an item that is there, on the condition that it is not. It is evaluated like
 * any other, and changes nothing.
 */
export async function probeWrites(
  dynamo: Pick<DynamoDBDocumentClient, 'send'>,
  tables: TableNames,
  { table, key }: Probe,
): Promise<WriteFacts> {
  const [attribute = ''] = Object.keys(key);
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: tables[table],
        Key: { ...key },
        ConditionExpression: 'attribute_not_exists(#key)',
        UpdateExpression: 'REMOVE #probe',
        ExpressionAttributeNames: { '#key': attribute, '#probe': 'probe' },
      }),
    );
    return { kind: 'taken' };
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { kind: 'taken' };
    // Whoever is on call may only read, which says nothing of the functions.
    if (error instanceof Error && error.name === 'AccessDeniedException') return { kind: 'denied' };
    return { kind: 'refused', table: tables[table], reason: describeError(error) };
  }
}
