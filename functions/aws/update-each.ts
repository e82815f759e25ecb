import {
  type BatchStatementErrorCodeEnum,
  BatchStatementErrorCodeEnum as Code,
} from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand, type BatchExecuteStatementCommandOutput } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { describeError } from '../copy-segment/describe-error.ts';
import { done, type WriteOutcome } from '../copy-segment/stores.ts';
import { slices } from '../streams/slices.ts';
import { type AwsClients, CONCURRENCY } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/** A piece of a PartiQL sentence; values travel as parameters only. */
export interface Clause {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

export const is = (attribute: string, value: unknown): Clause => ({
  text: `"${attribute}" = ?`,
  parameters: [value],
});
export const isNot = (attribute: string, value: unknown): Clause => ({
  text: `"${attribute}" <> ?`,
  parameters: [value],
});
export const isMissing = (attribute: string): Clause => ({
  text: `"${attribute}" IS MISSING`,
  parameters: [],
});
export const either = (a: Clause, b: Clause): Clause => ({
  text: `(${a.text} OR ${b.text})`,
  parameters: [...a.parameters, ...b.parameters],
});

/** Sets attributes and removes at most one, if the item exists and every condition holds. */
export interface ConditionalUpdate {
  readonly table: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: string;
  /** The key first. */
  readonly where: readonly Clause[];
}

/** DynamoDB's limit on the statements of one `BatchExecuteStatement`. */
const STATEMENTS_PER_BATCH = 25;

/**
 * Makes many conditional writes, 25 a request: `BatchExecuteStatement` is the one batch call that takes a
 * condition per item without the double price of a transaction. Not atomic: each ends on its own.
 *
 * @param updates each on an item of its own
 * @returns the outcomes, in the order of the updates; never throws
 */
export async function updateEach(
  clients: AwsClients,
  updates: readonly ConditionalUpdate[],
): Promise<WriteOutcome[]> {
  const batches = await pMap(slices(updates, STATEMENTS_PER_BATCH), (batch) => updateBatch(clients, batch), {
    concurrency: CONCURRENCY,
  });
  return batches.flat();
}

async function updateBatch(
  clients: AwsClients,
  updates: readonly ConditionalUpdate[],
): Promise<WriteOutcome[]> {
  const statements = updates.map(statementOf);
  const outcomes = new Map<number, WriteOutcome>();

  const send = async (indexes: readonly number[]): Promise<readonly number[]> => {
    let responses: NonNullable<BatchExecuteStatementCommandOutput['Responses']>;
    try {
      const output = await clients.dynamo.send(
        new BatchExecuteStatementCommand({
          Statements: indexes.map((index) => statements[index] as (typeof statements)[number]),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      responses = output.Responses ?? [];
    } catch (error) {
      for (const index of indexes) outcomes.set(index, { kind: 'failed', reason: describeError(error) });
      return [];
    }
    const again: number[] = [];
    for (const [position, index] of indexes.entries()) {
      const response = responses[position];
      const outcome = outcomeOf(response);
      outcomes.set(index, outcome);
      if (outcome.kind === 'failed' && isTransient(response?.Error?.Code)) again.push(index);
    }
    return again;
  };

  await retryLeftovers([...statements.keys()], send, clients.signal);
  return updates.map((_, index) => outcomes.get(index) ?? { kind: 'failed', reason: 'no answer' });
}

function statementOf({ table, set, remove, where }: ConditionalUpdate) {
  const assignments = Object.entries(set ?? {}).filter(([, value]) => value !== undefined);
  const text = [
    `UPDATE "${table}"`,
    assignments.length > 0 ? `SET ${assignments.map(([name]) => `"${name}" = ?`).join(', ')}` : '',
    remove ? `REMOVE "${remove}"` : '',
    `WHERE ${where.map((clause) => clause.text).join(' AND ')}`,
  ];
  return {
    Statement: text.filter((part) => part !== '').join(' '),
    Parameters: [...assignments.map(([, value]) => value), ...where.flatMap((clause) => clause.parameters)],
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}

type StatementResponse = NonNullable<BatchExecuteStatementCommandOutput['Responses']>[number];

function outcomeOf(response: StatementResponse | undefined): WriteOutcome {
  if (response === undefined) return { kind: 'failed', reason: 'DynamoDB gave no answer for this statement' };
  const { Error: error } = response;
  if (error === undefined) return done;
  if (error.Code === Code.ConditionalCheckFailed) {
    const item = error.Item ?? response.Item;
    return { kind: 'conditionFailed', ...(item && { item }) };
  }
  return { kind: 'failed', reason: `${error.Code ?? 'UnknownError'}: ${error.Message ?? ''}` };
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
