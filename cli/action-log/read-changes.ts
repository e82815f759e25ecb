import type { ActionRecord } from '../../functions/pass/action-record.ts';
import type { Connection } from '../connection/connection.ts';
import { askInsights, type ChangeFilter, filterText, MAX_ROWS, type Period } from './insights.ts';

/** A line of the action log. */
export interface LoggedChange extends ActionRecord {
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly service: string;
  /** Tells it from any other line. */
  readonly ptr: string;
}

/** The last changes of a period, oldest first. */
export async function readChanges(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  filter: ChangeFilter,
  period: Period,
  { limit = MAX_ROWS, signal }: { readonly limit?: number; readonly signal: AbortSignal },
): Promise<LoggedChange[]> {
  const query = `fields @timestamp, @message | filter ${filterText(filter)} | sort @timestamp desc | limit ${limit}`;
  const rows = await askInsights(connection, query, period, signal);
  return rows
    .map((row) => ({ ...(JSON.parse(row['@message'] ?? '{}') as LoggedChange), ptr: row['@ptr'] ?? '' }))
    .reverse();
}

/** How often each thing was done, in the order of the last time: `12 enqueued, 1 released`. */
export async function readHistory(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  filter: ChangeFilter,
  period: Period,
  signal: AbortSignal,
): Promise<string> {
  const query = `filter ${filterText(filter)} | stats count(*) as changes, max(@timestamp) as last by what | sort last asc`;
  const rows = await askInsights(connection, query, period, signal);
  return rows.map(({ what, changes }) => `${changes} ${what}`).join(', ') || 'no change';
}
