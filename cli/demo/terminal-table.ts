import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';

/** So many rows of a table are shown; a restore of thousands is counted below it. */
export const ROWS_SHOWN = 60;

/** Columns where there is no terminal to ask. */
const WIDTH_OF_A_FILE = 140;
const NARROWEST_LAST_COLUMN = 24;

/** Rows under a head, as wide as the terminal. */
export function grid(head: string[], rows: readonly string[][]): string {
  if (rows.length === 0) return styleText('dim', '  none');
  const shown = rows.slice(0, ROWS_SHOWN);
  const table = new Table({
    head: head.map((name) => styleText('cyan', name)),
    // The library would colour what goes to a file, too.
    style: { head: [], border: [], compact: true },
    colWidths: columnWidths([head, ...shown]),
    wordWrap: true,
  });
  table.push(...shown);
  const more = rows.length - shown.length;
  return more > 0 ? `${table}\n  … and ${more} more` : table.toString();
}

/** As wide as they need to be, but for the last one, which takes what the terminal has left. */
function columnWidths(rows: readonly string[][]): number[] {
  const needed = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const last = needed.pop() ?? 0;
  const left =
    (process.stdout.columns ?? WIDTH_OF_A_FILE) - needed.reduce((sum, width) => sum + width + 1, 0) - 2;
  return [...needed, Math.max(NARROWEST_LAST_COLUMN, Math.min(last, left))];
}

const PADDING = 2;
const widthOf = (cell: string): number =>
  Math.max(
    ...stripVTControlCharacters(cell)
      .split('\n')
      .map((line) => line.length + (line.match(/⏰/g)?.length ?? 0)),
  ) + PADDING;
