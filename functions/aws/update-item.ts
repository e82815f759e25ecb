import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { absent, type Change } from '../copy-segment/change.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Item } from '../copy-segment/item.ts';
import { done, type WriteOutcome } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import type { DynamoAccess } from './metered-clients.ts';

/** Makes one change with a request of its own. Never throws. */
export async function updateItem(
  { dynamo }: Pick<DynamoAccess, 'dynamo'>,
  change: Change,
  tables: TableNames,
): Promise<WriteOutcome> {
  try {
    await dynamo.send(new UpdateCommand({ ...updateOf(change, tables), ReturnConsumedCapacity: 'TOTAL' }));
    return done;
  } catch (error) {
    return error instanceof ConditionalCheckFailedException
      ? { kind: 'conditionFailed' }
      : { kind: 'failed', reason: describeError(error) };
  }
}

/** A change as `UpdateItem` takes it, alone or in a transaction. */
export function updateOf(change: Change, tables: TableNames) {
  const { set, remove, add = {} } = change;
  const assignments = Object.entries(set).filter(([, value]) => value !== undefined);
  const increments = Object.entries(add);
  const clauses = [
    assignments.length > 0 ? `SET ${assignments.map(([name]) => `#${name} = :set_${name}`).join(', ')}` : '',
    increments.length > 0 ? `ADD ${increments.map(([name]) => `#${name} :add_${name}`).join(', ')}` : '',
    remove.length > 0 ? `REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const check = checkOf(change, tables);
  const changed = [...[...assignments, ...increments].map(([name]) => name), ...remove];
  const values = {
    ...check.ExpressionAttributeValues,
    ...Object.fromEntries(assignments.map(([name, value]) => [`:set_${name}`, value])),
    ...Object.fromEntries(increments.map(([name, value]) => [`:add_${name}`, value])),
  };
  const { ExpressionAttributeValues: _, ...rest } = check;
  return {
    ...rest,
    UpdateExpression: clauses.filter((clause) => clause !== '').join(' '),
    ExpressionAttributeNames: {
      ...check.ExpressionAttributeNames,
      ...Object.fromEntries(changed.map((name) => [`#${name}`, name])),
    },
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

/** What must hold of an item that exists, as a condition of DynamoDB. */
export function checkOf(
  { table, key, if: conditions }: Pick<Change, 'table' | 'key' | 'if'>,
  tables: TableNames,
) {
  const expected = Object.entries(conditions);
  const keyNames = Object.keys(key);
  const condition = [
    // UpdateItem would create it.
    ...keyNames.map((name) => `attribute_exists(#${name})`),
    ...expected.map(([name, value]) =>
      value === absent ? `attribute_not_exists(#${name})` : `#${name} = :is_${name}`,
    ),
  ];
  const values = expected.filter(([, value]) => value !== absent);
  return {
    TableName: tables[table],
    Key: { ...key } as Item & Record<string, unknown>,
    ConditionExpression: condition.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(
      [...keyNames, ...expected.map(([name]) => name)].map((name) => [`#${name}`, name]),
    ),
    ...(values.length > 0 && {
      ExpressionAttributeValues: Object.fromEntries(values.map(([name, value]) => [`:is_${name}`, value])),
    }),
  };
}
