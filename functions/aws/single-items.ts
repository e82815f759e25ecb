import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Item } from '../copy-segment/item.ts';
import type { SingleItems, UpdateOutcome } from '../copy-segment/single-items.ts';
import { TemporaryError } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { wrapNumbers } from './clients.ts';
import { isTransient } from './is-transient.ts';
import { updateOf } from './update-item.ts';

/** Reads with `GetItem`, changes with `UpdateItem`: needs no permission beyond these two. */
export function createSingleItems(
  dynamo: Pick<DynamoDBDocumentClient, 'send'>,
  tables: TableNames,
): SingleItems {
  return {
    async read(table, key) {
      const Key = { ...key };
      const { Item: item } = await answered(
        dynamo.send(new GetCommand({ TableName: tables[table], Key, ConsistentRead: true })),
      );
      return item;
    },

    async update(change) {
      try {
        const { Attributes: item = {} } = await answered(
          dynamo.send(
            new UpdateCommand({
              ...updateOf(change, tables),
              ReturnValues: 'ALL_NEW',
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            }),
          ),
        );
        return { kind: 'done', item };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return refusal(error);
        throw error;
      }
    },
  };
}

/** The document client translates answers, but not what an error bears. */
const refusal = ({ Item: found }: ConditionalCheckFailedException): UpdateOutcome => ({
  kind: 'conditionFailed',
  ...(found && { item: unmarshall(found, { wrapNumbers }) as Item }),
});

async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw isTransient(error) ? new TemporaryError(describeError(error), { cause: error }) : error;
  }
}
