import { BatchExecuteStatementCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { Change } from '../copy-segment/change.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Write, WriteOutcome } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { slices } from '../streams/slices.ts';
import { CONCURRENCY, type DynamoAccess } from './metered-clients.ts';
import {
  isTransientCode,
  isValidationError,
  outcomeOf,
  type StatementResponse,
  statementOf,
} from './partiql.ts';
import { retryLeftovers } from './retry-leftovers.ts';
import { updateItem } from './update-item.ts';

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
export function createWriter(clients: DynamoAccess, tables: TableNames, engine: EngineTraits): Write {
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
    const mayBeTheRemoves = change.remove.length > 1 && isValidationError(response);
    if (!mayBeTheRemoves)
      return { outcome: outcomeOf(response), isTransient: isTransientCode(response?.Error?.Code) };
    const outcome = await updateItem(clients, change, tables);
    if (outcome.kind !== 'failed') engine.takesSeveralRemoves = false;
    return { outcome };
  };

  return async (changes) => {
    // PartiQL cannot count up what may be absent.
    const byItself = ({ add, remove }: Change): boolean =>
      add !== undefined || (remove.length > 1 && !engine.takesSeveralRemoves);
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
