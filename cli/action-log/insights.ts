import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../connection/connection.ts';
import { UserError } from '../user-error.ts';

/** Which changes are asked for. */
export interface ChangeFilter {
  readonly jobId?: string | undefined;
  readonly taskId?: string | undefined;
  readonly segmentId?: string | undefined;
}

/** Epoch milliseconds. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** A row of an answer: its fields by name. */
export type ResultRow = Readonly<Record<string, string>>;

/** CloudWatch's limit on the rows of an answer. */
export const MAX_ROWS = 10_000;

const POLL_MS = 500;

/** The filter that an Insights query begins with; ids are decimal and need no escape. */
export const filterText = (filter: ChangeFilter): string =>
  [
    'message = "changed"',
    ...Object.entries(filter).flatMap(([name, id]) => (id ? [`${name} = "${id}"`] : [])),
  ].join(' and ');

/** The logs that changes are written to. */
export function logGroupsOf({ inspector, checker }: Pick<Connection, 'inspector' | 'checker'>): string[] {
  return [inspector.logGroupName, checker.logGroupName].filter((name) => name !== undefined);
}

/**
 * Asks Logs Insights, and waits for the answer.
 *
 * @throws UserError if no log is named
 */
export async function askInsights(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  queryString: string,
  { from, to }: Period,
  signal: AbortSignal,
): Promise<ResultRow[]> {
  const logGroupNames = logGroupsOf(connection);
  if (logGroupNames.length === 0)
    throw new UserError('Which log? Name the stack (--stack NAME), or its log (--log-group NAME).');
  const { GetQueryResultsCommand, StartQueryCommand } = await import('@aws-sdk/client-cloudwatch-logs');
  const client = await connection.aws.logs();
  const { queryId } = await client.send(
    new StartQueryCommand({
      logGroupNames,
      queryString,
      // Seconds, and the last one whole.
      startTime: Math.floor(from / 1_000),
      endTime: Math.ceil(to / 1_000),
      limit: MAX_ROWS,
    }),
    { abortSignal: signal },
  );
  for (;;) {
    const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }), {
      abortSignal: signal,
    });
    if (status === 'Complete')
      return results.map((fields) =>
        Object.fromEntries(fields.map(({ field = '', value = '' }) => [field, value])),
      );
    if (status !== 'Running' && status !== 'Scheduled')
      throw new Error(`CloudWatch Logs gave the query up: ${status ?? 'unknown'}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}
