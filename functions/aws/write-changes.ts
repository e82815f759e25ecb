import {
  type BatchStatementErrorCodeEnum,
  BatchStatementErrorCodeEnum as Code,
  ConditionalCheckFailedException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandOutput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { absent, type Change } from '../copy-segment/change.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import { done, type Write, type WriteOutcome } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { slices } from '../streams/slices.ts';
import { type AwsClients, CONCURRENCY } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/** DynamoDB's limit on the statements of one `BatchExecuteStatement`. */
const STATEMENTS_PER_BATCH = 25;

/** What is known of an engine, kept for as long as its clients. */
export interface EngineTraits {
  /**
   * DynamoDB takes several REMOVE clauses in a statement. An emulator that does not refuses the statement, and
   * nothing is written: such a change then goes by `UpdateItem`, a request of its own. That is the emulator's price,
   * paid here and nowhere else.
   */
  takesSeveralRemoves: boolean;
}

/**
 * Makes changes with `BatchExecuteStatement`, 25 a request: the one batch call that takes a condition per item without
 * the double price of a transaction. Not atomic: each change ends on its own.
 */
export function createWriter(clients: AwsClients, tables: TableNames, engine: EngineTraits): Write {
  const writeBatch = async (changes: readonly Change[]): Promise<WriteOutcome[]> => {
    const outcomes = new Map<number, WriteOutcome>();
    await retryLeftovers(
      [...changes.keys()],
      async (indexes) => {
        const attempts = await execute(indexes.map((index) => changes[index] as Change));
        return indexes.filter((index, position) => {
          const attempt = attempts[position];
          outcomes.set(index, attempt?.outcome ?? failed('no answer'));
          return attempt?.isTransient;
        });
      },
      clients.signal,
    );
    return changes.map((_, index) => outcomes.get(index) ?? failed('no answer'));
  };

  const execute = async (changes: readonly Change[]): Promise<Attempt[]> => {
    try {
      const { Responses = [] } = await clients.dynamo.send(
        new BatchExecuteStatementCommand({
          Statements: changes.map((change) => statementOf(change, tables)),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      return await Promise.all(changes.map((change, index) => attemptOf(change, Responses[index])));
    } catch (error) {
      // A change that the service cannot even parse must not take the others of its batch with it.
      if (changes.length > 1 && isRefused(error))
        return (await pMap(changes, (change) => execute([change]), { concurrency: CONCURRENCY })).flat();
      return changes.map(() => ({ outcome: failed(describeError(error)) }));
    }
  };

  const attemptOf = async (change: Change, response: StatementResponse | undefined): Promise<Attempt> => {
    const mayBeTheRemoves = change.remove.length > 1 && response?.Error?.Code === Code.ValidationError;
    if (!mayBeTheRemoves)
      return { outcome: outcomeOf(response), isTransient: isTransient(response?.Error?.Code) };
    const outcome = await updateItem(clients, change, tables);
    if (outcome.kind !== 'failed') engine.takesSeveralRemoves = false;
    return { outcome };
  };

  return async (changes) => {
    const byItself = ({ remove }: Change): boolean => remove.length > 1 && !engine.takesSeveralRemoves;
    const batches = [
      ...slices(
        changes.filter((change) => !byItself(change)),
        STATEMENTS_PER_BATCH,
      ),
      ...changes.filter(byItself).map((change) => [change]),
    ];
    const outcomes = new Map<Change, WriteOutcome>();
    await pMap(
      batches,
      async (batch) => {
        const [only] = batch;
        const results =
          only && byItself(only) ? [await updateItem(clients, only, tables)] : await writeBatch(batch);
        for (const [index, change] of batch.entries()) outcomes.set(change, results[index] as WriteOutcome);
      },
      { concurrency: CONCURRENCY },
    );
    return changes.map((change) => outcomes.get(change) ?? failed('no answer'));
  };
}

interface Attempt {
  readonly outcome: WriteOutcome;
  readonly isTransient?: boolean;
}

const failed = (reason: string): WriteOutcome => ({ kind: 'failed', reason });

/** The request itself is at fault; it will not be accepted later either. Nothing of it was done. */
const isRefused = (error: unknown): boolean => {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  // Without a response, the SDK could not serialise it.
  return (
    name === 'ValidationException' ||
    name === 'SerializationException' ||
    ($metadata?.httpStatusCode === undefined && isSerialisationError(error))
  );
};

const isSerialisationError = (error: unknown): boolean =>
  error instanceof Error && /unsupported type|MAX_SAFE_INTEGER|special numeric/i.test(error.message);

/** A condition per attribute, joined; the key first. */
function statementOf({ table, key, set, remove, if: conditions }: Change, tables: TableNames) {
  const assignments = Object.entries(set).filter(([, value]) => value !== undefined);
  const where = [...Object.entries(key), ...Object.entries(conditions)];
  const isOf = ([name, condition]: [string, unknown]): string =>
    condition === absent ? `"${name}" IS MISSING` : `"${name}" = ?`;
  const text = [
    `UPDATE "${tables[table]}"`,
    assignments.length > 0 ? `SET ${assignments.map(([name]) => `"${name}" = ?`).join(', ')}` : '',
    ...remove.map((name) => `REMOVE "${name}"`),
    `WHERE ${where.map(isOf).join(' AND ')}`,
  ];
  return {
    Statement: text.filter((part) => part !== '').join(' '),
    Parameters: [...assignments, ...where.filter(([, condition]) => condition !== absent)].map(
      ([, value]) => value,
    ),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}

type StatementResponse = NonNullable<BatchExecuteStatementCommandOutput['Responses']>[number];

function outcomeOf(response: StatementResponse | undefined): WriteOutcome {
  if (response === undefined) return failed('DynamoDB gave no answer for this statement');
  const { Error: error } = response;
  if (error === undefined) return done;
  if (error.Code === Code.ConditionalCheckFailed) {
    const item = error.Item ?? response.Item;
    return { kind: 'conditionFailed', ...(item && { item }) };
  }
  return failed(`${error.Code ?? 'UnknownError'}: ${error.Message ?? ''}`);
}

const TRANSIENT: ReadonlySet<BatchStatementErrorCodeEnum> = new Set([
  Code.ThrottlingError,
  Code.ProvisionedThroughputExceeded,
  Code.RequestLimitExceeded,
  Code.InternalServerError,
  // Somebody's transaction holds the item for a moment.
  Code.TransactionConflict,
]);

const isTransient = (code: BatchStatementErrorCodeEnum | undefined): boolean =>
  code !== undefined && TRANSIENT.has(code);

async function updateItem(
  { dynamo }: AwsClients,
  { table, key, set, remove, if: conditions }: Change,
  tables: TableNames,
): Promise<WriteOutcome> {
  const assignments = Object.entries(set).filter(([, value]) => value !== undefined);
  const expected = Object.entries(conditions);
  const keyNames = Object.keys(key);
  const names = [...assignments, ...expected].map(([name]) => name).concat(remove, keyNames);
  const clauses = [
    assignments.length > 0 ? `SET ${assignments.map(([name]) => `#${name} = :set_${name}`).join(', ')}` : '',
    remove.length > 0 ? `REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const condition = [
    // UpdateItem would create it.
    ...keyNames.map((name) => `attribute_exists(#${name})`),
    ...expected.map(([name, value]) =>
      value === absent ? `attribute_not_exists(#${name})` : `#${name} = :is_${name}`,
    ),
  ];
  const values = [
    ...assignments.map(([name, value]) => [`:set_${name}`, value]),
    ...expected.filter(([, value]) => value !== absent).map(([name, value]) => [`:is_${name}`, value]),
  ];
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: tables[table],
        Key: { ...key },
        UpdateExpression: clauses.filter((clause) => clause !== '').join(' '),
        ConditionExpression: condition.join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    return done;
  } catch (error) {
    return error instanceof ConditionalCheckFailedException
      ? { kind: 'conditionFailed' }
      : failed(describeError(error));
  }
}
