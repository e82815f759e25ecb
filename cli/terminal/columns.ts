import { styleText } from 'node:util';
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

const GAP = '  ';

/** The title of a column; one of counts is aligned to the right. */
export type Title = string | { readonly count: string };

const textOf = (title: Title): string => (typeof title === 'string' ? title : title.count);

/**
 * Titles and rows in aligned columns, one line per row, without boxes. The last column is cut where the terminal ends, and
 * never wrapped.
 *
 * @param width columns of the terminal; `Infinity` cuts nothing
 */
export function columns(
  titles: readonly Title[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const layout = titles.map((title, column): Column => {
    const cells = [textOf(title), ...rows.map((row) => row[column] ?? '')];
    return { width: Math.max(...cells.map((cell) => stringWidth(cell))), isCount: typeof title !== 'string' };
  });
  return [titleLine(titles, layout, width), ...rows.map((row) => line(row, layout, width))];
}

/** How a column is laid out. */
export interface Column {
  readonly width: number;
  readonly isCount: boolean;
}

export const titleLine = (titles: readonly Title[], layout: readonly Column[], width?: number): string =>
  styleText('dim', line(titles.map(textOf), layout, width));

/** One row in a given layout: for rows that are printed as they come. */
export function line(
  cells: readonly string[],
  layout: readonly Column[],
  width = Number.POSITIVE_INFINITY,
): string {
  const padded = layout.map(({ width: needed, isCount }, column) => {
    const cell = cells[column] ?? '';
    const padding = ' '.repeat(Math.max(0, needed - stringWidth(cell)));
    return isCount ? padding + cell : cell + padding;
  });
  const text = padded.join(GAP).trimEnd();
  return Number.isFinite(width) ? cliTruncate(text, width) : text;
}
