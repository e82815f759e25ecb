import { CHANGED } from '../../functions/pass/action-log.ts';
import type { ActionRecord } from '../../functions/pass/action-record.ts';
import type { Connection } from '../connection/connection.ts';
import {
  askInsights,
  type ChangeFilter,
  filterText,
  MAX_ROWS,
  type Period,
  type ResultRow,
} from './insights.ts';

/** A line of the action log. */
export interface LoggedChange extends Omit<ActionRecord, 'table'> {
  /** `all`: one line for the items of a whole load. */
  readonly table: ActionRecord['table'] | 'all';
  /** Whoever made it by hand. */
  readonly who?: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly service: string;
  /** CloudWatch's pointer to the line. */
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
  const changes = rows.map((row) => changeOf(row, filter)).filter((change) => change !== undefined);
  // Of lines that were not filtered, the last few say nothing: the changes are further back.
  const isCut = changes.length < rows.length && rows.length === limit && limit < MAX_ROWS;
  if (isCut) return (await readChanges(connection, filter, period, { signal })).slice(-limit);
  return changes.reverse();
}

/** Emulators of Logs Insights filter less than was asked: a line that is no such change is left out. */
function changeOf(row: ResultRow, filter: ChangeFilter): LoggedChange | undefined {
  try {
    const line = JSON.parse(row['@message'] ?? '') as LoggedChange & { readonly message?: string };
    const isAsked = Object.entries(filter).every(
      ([name, id]) => !id || line[name as keyof ChangeFilter] === id,
    );
    return line.message === CHANGED && isAsked ? { ...line, ptr: row['@ptr'] ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * How often each thing was done, by whom if by hand, in the order of the last time: `12 enqueued, 1 released by ada`.
 *
 * @throws Error if the answer has no counts: an emulator's
 */
export async function readHistory(
  connection: Pick<Connection, 'aws' | 'inspector' | 'checker'>,
  filter: ChangeFilter,
  period: Period,
  signal: AbortSignal,
): Promise<string> {
  const query = `filter ${filterText(filter)} | stats count(*) as changes, max(@timestamp) as last by what, who | sort last asc`;
  const rows = await askInsights(connection, query, period, signal);
  if (rows.some(({ what, changes }) => what === undefined || changes === undefined))
    throw new Error('Logs Insights answered without counts');
  return (
    rows.map(({ what, changes, who }) => `${changes} ${what}${who ? ` by ${who}` : ''}`).join(', ') ||
    'no change'
  );
}
