import { styleText } from 'node:util';
import { timeText } from '../operate/time-text.ts';
import type { Explanation, Remedy, Step } from './explanation.ts';

/** A step as somebody types it, with the options that name the deployment. */
export type CommandOf = (step: Step) => readonly string[];

const TITLE_WIDTH = 11;

/** For a person: what it is, why, and what to do. A command is never cut. */
export function showExplanation(
  { subject, headline, lines, remedy, notRead }: Explanation,
  commandOf: CommandOf,
  width: number,
): string {
  const columns = Math.min(width, 80);
  const row = ([title, text]: readonly [string, string]): string =>
    wrap(text, columns - TITLE_WIDTH)
      .map((line, index) => `${(index === 0 ? title : '').padEnd(TITLE_WIDTH)}${line}`)
      .join('\n');
  const first = wrap(`${capital(subject)}: ${headline}${/[.?!]$/.test(headline) ? '' : '.'}`, columns).join(
    '\n',
  );
  return [
    styleText('bold', first),
    '',
    ...lines.map(row),
    ...(notRead.length > 0 ? [row(['not read', notRead.join('; ')])] : []),
    '',
    ...remedyLines(remedy, commandOf, columns),
  ].join('\n');
}

function remedyLines(remedy: Remedy, commandOf: CommandOf, columns: number): string[] {
  const step = (one: Step, title: string): string[] => [
    styleText('bold', `${title}${continued(commandOf(one), columns - title.length)}`),
    ...wrap(one.effect, columns - 4).map((line) => `    ${line}`),
  ];
  const otherwise = 'otherwise' in remedy && remedy.otherwise ? step(remedy.otherwise, 'OR  ') : [];
  switch (remedy.kind) {
    case 'nothing':
      return wrap(`Nothing to do. ${remedy.why}`, columns);
    case 'wait':
      return [
        ...wrap(
          `WAIT ${remedy.until === undefined ? '' : `until ${timeText(remedy.until)}: `}${remedy.what}.`,
          columns,
        ),
        ...otherwise,
      ];
    case 'do':
      return [
        ...(remedy.first === undefined ? [] : hanging('FIRST ', `${remedy.first}.`, columns)),
        ...remedy.steps.flatMap((one, index) => step(one, index === 0 ? 'DO  ' : 'AND ')),
        ...otherwise,
      ];
  }
}

/** What no command does. */
const hanging = (title: string, text: string, columns: number): string[] =>
  wrap(text, columns - title.length).map(
    (line, index) => `${index === 0 ? styleText('bold', title) : ' '.repeat(title.length)}${line}`,
  );

/** A command over as many lines as it takes, as a shell reads it. */
function continued(words: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const word of words.map(quoted)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns - 2)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(' \\\n      ');
}

/** As a shell takes it for one word. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
