import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Item } from '../copy-segment/item.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import type { FailedPart, Part, Transact, TransactionOutcome } from '../copy-segment/transaction.ts';
import { wrapNumbers } from './clients.ts';
import type { DynamoAccess } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';
import { checkOf, updateOf } from './update-item.ts';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Makes transactions with `TransactWriteItems`; each costs twice the units of its writes. */
export const createTransact =
  (clients: DynamoAccess, tables: TableNames): Transact =>
  async (parts) => {
    const TransactItems = parts.map((part) => itemOf(part, tables));
    let outcome: TransactionOutcome = { kind: 'failed', reason: 'no answer' };
    await retryLeftovers(
      [TransactItems],
      async (work) => {
        const attempt = await attemptOf(clients, TransactItems);
        outcome = attempt.outcome;
        return attempt.isTransient ? work : [];
      },
      clients.signal,
    );
    return outcome;
  };

const RETURN_FOUND = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

function itemOf(part: Part, tables: TableNames): TransactItem {
  if ('check' in part) return { ConditionCheck: { ...checkOf(part.check, tables), ...RETURN_FOUND } };
  if ('change' in part) return { Update: { ...updateOf(part.change, tables), ...RETURN_FOUND } };
  const { table, key, item } = part.create;
  const names = Object.keys(key);
  return {
    Put: {
      TableName: tables[table],
      Item: { ...item },
      ConditionExpression: names.map((name) => `attribute_not_exists(#${name})`).join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ...RETURN_FOUND,
    },
  };
}

interface Attempt {
  readonly outcome: TransactionOutcome;
  readonly isTransient?: boolean;
}

async function attemptOf({ dynamo }: DynamoAccess, TransactItems: TransactItem[]): Promise<Attempt> {
  try {
    await dynamo.send(new TransactWriteCommand({ TransactItems, ReturnConsumedCapacity: 'TOTAL' }));
    return { outcome: { kind: 'done' } };
  } catch (error) {
    return error instanceof TransactionCanceledException
      ? ofCancellation(error.CancellationReasons ?? [], describeError(error))
      : { outcome: { kind: 'failed', reason: describeError(error) } };
  }
}

/**
 * A cancelled transaction says per part why. A condition that failed is final; without one, whatever passes by itself
 * is tried again.
 */
function ofCancellation(reasons: readonly CancellationReason[], message: string): Attempt {
  const parts = reasons.flatMap(({ Code, Item: found }, index): FailedPart[] =>
    Code === 'ConditionalCheckFailed'
      ? [{ index, ...(found && { item: unmarshall(found, { wrapNumbers }) as Item }) }]
      : [],
  );
  if (parts.length > 0) return { outcome: { kind: 'conditionFailed', parts } };
  const others = reasons.flatMap(({ Code }) => (Code === undefined || Code === 'None' ? [] : [Code]));
  return {
    outcome: { kind: 'failed', reason: others.length > 0 ? [...new Set(others)].join(', ') : message },
    isTransient: others.length > 0 && others.every((code) => TRANSIENT.has(code)),
  };
}

/** Source: `TransactionCanceledException` in the DynamoDB API reference. */
const TRANSIENT = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
