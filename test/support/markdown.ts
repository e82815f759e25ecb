/** The text under a heading, up to the next one of the same level or above; subsections included. */
export function sectionOf(page: string, heading: string): string {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`the page has no heading "${heading}"`);
  const level = lines[start]?.match(/^#+/)?.[0].length ?? 1;
  const end = lines.findIndex((line, index) => index > start && levelOf(line) <= level);
  return lines.slice(start + 1, end < 0 ? undefined : end).join('\n');
}

const levelOf = (line: string): number => /^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY;

/** The tables of a text, a record per row, by the names of the columns. */
export function markdownTables(text: string): Record<string, string>[][] {
  const blocks = text
    .split(/\n(?!\|)/)
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  return blocks
    .filter((lines) => lines.length > 2)
    .map(([head = '', , ...rows]) => {
      const names = cellsOf(head);
      return rows.map((row) => {
        const cells = cellsOf(row);
        return Object.fromEntries(names.map((name, column) => [name, cells[column] ?? '']));
      });
    });
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());

/** The fenced blocks of a language. */
export const fencedBlocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, body = '']) => body,
  );
