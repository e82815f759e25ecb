import type { ActionRecord } from '../../functions/pass/action-record.ts';
import type { Connection } from '../connection/connection.ts';
import { askInsights, type ChangeFilter, filterText, MAX_ROWS, type Period } from './insights.ts';

/** A line of the action log. */
export interface LoggedChange extends Omit<ActionRecord, 'table'> {
  /** `all`: one line for the items of a whole load. */
  readonly table: ActionRecord['table'] | 'all';
  /** Whoever made it by hand. */
  readonly who?: string;
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

/** How often each thing was done, by whom if by hand, in the order of the last time: `12 enqueued, 1 released by ada`. */
export async function readHistory(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  filter: ChangeFilter,
  period: Period,
  signal: AbortSignal,
): Promise<string> {
  const query = `filter ${filterText(filter)} | stats count(*) as changes, max(@timestamp) as last by what, who | sort last asc`;
  const rows = await askInsights(connection, query, period, signal);
  return (
    rows.map(({ what, changes, who }) => `${changes} ${what}${who ? ` by ${who}` : ''}`).join(', ') ||
    'no change'
  );
}
