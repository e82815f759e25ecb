import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  ConditionalCheckFailedException,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { TemporaryError } from '../copy-segment/stores.ts';
import type { DynamoAccess } from './metered-clients.ts';
import { isTransientCode } from './partiql.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/** DynamoDB's limit on the statements of one `BatchExecuteStatement`. */
export const INSERTS_PER_BATCH = 25;

/** DynamoDB's limit is 8,192 characters; the names of an item's attributes are all in its statement. */
const MAX_STATEMENT_LENGTH = 8_000;

/** An item in DynamoDB's own types, and the table that it goes to by its name. */
export interface Insertion {
  readonly table: string;
  readonly item: Readonly<Record<string, AttributeValue>>;
  /** An attribute of the key. */
  readonly keyAttribute: string;
}

/**
 * Puts items that are not there yet, each on its own: one that is there is left as it is. An insertion costs what a put
 * does, and 25 of them one request.
 *
 * @param insertions at most `INSERTS_PER_BATCH`, of different keys
 * @returns those whose key exists already
 * @throws TemporaryError if DynamoDB refuses one for another reason; the others may have been made
 */
export async function insertItems<I extends Insertion>(
  { dynamo, signal }: DynamoAccess,
  insertions: readonly I[],
): Promise<I[]> {
  const found: I[] = [];
  const statements = insertions.map((insertion) => ({ insertion, statement: statementOf(insertion) }));
  for (const { insertion, statement } of statements)
    if (statement.Statement.length > MAX_STATEMENT_LENGTH && (await isThere(insertion)))
      found.push(insertion);

  const short = statements.filter(({ statement }) => statement.Statement.length <= MAX_STATEMENT_LENGTH);
  const left = await retryLeftovers(
    short,
    async (batch) => {
      if (batch.length === 0) return [];
      const { Responses = [] } = await dynamo.send(
        new BatchExecuteStatementCommand({ Statements: batch.map(({ statement }) => statement) }),
        { abortSignal: signal },
      );
      return batch.filter(({ insertion }, index) => {
        const error = Responses[index]?.Error;
        if (error?.Code === 'DuplicateItem') found.push(insertion);
        else if (error !== undefined && !isTransientCode(error.Code))
          throw new TemporaryError(`${nameOf(insertion)}: ${error.Code}: ${error.Message ?? ''}`);
        return error !== undefined && isTransientCode(error.Code);
      });
    },
    signal,
  );
  if (left.length > 0) throw new TemporaryError('DynamoDB left items unwritten several times');
  return found;

  async function isThere({ table, item, keyAttribute }: Insertion): Promise<boolean> {
    const put = new PutItemCommand({
      TableName: table,
      Item: { ...item },
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': keyAttribute },
    });
    try {
      await dynamo.send(put, { abortSignal: signal });
      return false;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return true;
      throw error;
    }
  }
}

const nameOf = ({ table, item, keyAttribute }: Insertion): string =>
  `${table}, ${keyAttribute} ${item[keyAttribute]?.N ?? '?'}`;

const statementOf = ({ table, item }: Insertion) => {
  const attributes = Object.keys(item).map((name) => `'${name.replaceAll("'", "''")}': ?`);
  return {
    Statement: `INSERT INTO "${table}" VALUE {${attributes.join(', ')}}`,
    Parameters: Object.values(item),
  };
};
