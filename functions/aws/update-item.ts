import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Item } from '../copy-segment/item.ts';
import { done, type WriteOutcome } from '../copy-segment/stores.ts';
import type { AwsClients } from './metered-clients.ts';

/** Sets and removes attributes of one item, if it has the values that are expected. */
export interface SingleUpdate {
  readonly TableName: string;
  readonly Key: Item;
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  readonly expect: Readonly<Record<string, unknown>>;
}

/** Makes one conditional write with `UpdateItem`, which removes as many attributes as it takes. Never throws. */
export async function updateItem(
  clients: AwsClients,
  { TableName, Key, set, remove, expect }: SingleUpdate,
): Promise<WriteOutcome> {
  const assignments = Object.entries(set).filter(([, value]) => value !== undefined);
  const expectations = Object.entries(expect);
  const names = [...new Set([...assignments, ...expectations].map(([name]) => name)), ...remove];
  try {
    await clients.dynamo.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: `SET ${assignments.map(([name]) => `#${name} = :set_${name}`).join(', ')} REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
        ConditionExpression: expectations.map(([name]) => `#${name} = :is_${name}`).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries([
          ...assignments.map(([name, value]) => [`:set_${name}`, value]),
          ...expectations.map(([name, value]) => [`:is_${name}`, value]),
        ]),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    return done;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { kind: 'conditionFailed' };
    return { kind: 'failed', reason: describeError(error) };
  }
}
