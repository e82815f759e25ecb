import { columns, type Title } from '../../cli/terminal/columns.ts';

/** A table for a terminal and for a document. */
export interface Table {
  readonly titles: readonly Title[];
  readonly rows: readonly (readonly string[])[];
}

export const asText = ({ titles, rows }: Table): string => columns(titles, rows).join('\n');

export function asMarkdown({ titles, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(titles.map((title) => (typeof title === 'string' ? title : title.count))),
    line(titles.map((title) => (typeof title === 'string' ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n');
}
