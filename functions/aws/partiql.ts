import {
  type BatchStatementErrorCodeEnum,
  BatchStatementErrorCodeEnum as Code,
} from '@aws-sdk/client-dynamodb';
import type { BatchExecuteStatementCommandOutput } from '@aws-sdk/lib-dynamodb';
import { absent, type Change } from '../copy-segment/change.ts';
import { done, type WriteOutcome } from '../copy-segment/stores.ts';
import type { TableNames } from '../copy-segment/tables.ts';

/** A condition per attribute, joined; the key first. */
export function statementOf({ table, key, set, remove, if: conditions }: Change, tables: TableNames) {
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

export type StatementResponse = NonNullable<BatchExecuteStatementCommandOutput['Responses']>[number];

export function outcomeOf(response: StatementResponse | undefined): WriteOutcome {
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

export const isTransientCode = (code: BatchStatementErrorCodeEnum | undefined): boolean =>
  code !== undefined && TRANSIENT.has(code);

export const isValidationError = (response: StatementResponse | undefined): boolean =>
  response?.Error?.Code === Code.ValidationError;

const failed = (reason: string): WriteOutcome => ({ kind: 'failed', reason });
