import type { Connection } from '../connection/connection.ts';
import { passArgs } from '../passes/pass-args.ts';
import type { PassOptions } from '../passes/pass-options.ts';
import { countOf } from '../terminal/count-of.ts';
import { folded } from '../terminal/folded.ts';
import { heightOf, type Screen } from '../terminal/screen.ts';
import { hanging, wrapped } from '../terminal/wrapped.ts';
import type { Looked } from './audit.ts';
import type { Findings, Kind } from './findings.ts';
import type { Mend } from './mends.ts';

/** More jobs than these are not named in a command: a recovery of all costs no more. */
const MAX_JOBS_NAMED = 20;

/** How commands for a deployment are typed. */
export interface Typing {
  /** A command of this program. */
  readonly commandFor: (...args: readonly string[]) => readonly string[];
  readonly connection: Pick<Connection, 'inspector' | 'checker' | 'isEmbedded' | 'options'>;
  readonly options: Pick<PassOptions, 'local' | 'all'>;
}

/** What an audit found: by kind, with a few of each, and what mends them; on a terminal, as much as fits on a screen. */
export function auditLines(
  findings: Findings,
  looked: Looked,
  typing: Typing,
  { isTerminal, width, maxLines }: Screen,
): string[] {
  const what = `${countOf(looked.jobs, 'job')}, ${countOf(looked.tasks, 'task')}, ${countOf(looked.segments, 'segment')}`;
  const kinds = findings.kinds();
  if (kinds.length === 0) return [`${what}: every invariant holds.`];
  const title = `${what}: ${countOf(findings.total(), 'violation')}.`;
  const shown = (maxExamples: number): string[] =>
    kinds.map((kind) => kindLines(kind, findings, typing, { width, maxExamples }).join('\n'));
  if (!isTerminal || typing.options.all) return [title, ...separated(shown(Number.POSITIVE_INFINITY))];

  for (const maxExamples of [5, 3, 1]) {
    const lines = [title, ...separated(shown(maxExamples))];
    if (heightOf(lines, width) <= maxLines) return lines;
  }
  return [title, ...firstKinds(shown(1), { maxLines: maxLines - 1, width })];
}

const separated = (kinds: readonly string[]): string[] => kinds.flatMap((text) => ['', text]);

/** As many kinds as fit, at least one, and how many there are besides. */
function firstKinds(
  kinds: readonly string[],
  { maxLines, width }: Pick<Screen, 'maxLines' | 'width'>,
): string[] {
  const more = (count: number): string => `… and ${countOf(count, 'kind')} more (--all shows them)`;
  let fitting = kinds.length - 1;
  while (fitting > 1 && heightOf(separated(kinds.slice(0, fitting)), width) + 2 > maxLines) fitting--;
  const left = kinds.length - fitting;
  return [...separated(kinds.slice(0, fitting)), ...(left > 0 ? ['', more(left)] : [])];
}

/** The recovery that mends what one does. */
export const recoveryArgs = (findings: Findings, { connection, options: { local } }: Typing): string[] => {
  const jobs = findings.jobsToRecover();
  const named = jobs.length > MAX_JOBS_NAMED ? {} : { jobs: jobs.map(String) };
  return passArgs('recover', { ...named, ...(local && { local }) }, connection);
};

function kindLines(
  { invariant, count, examples, recoverable }: Kind,
  findings: Findings,
  typing: Typing,
  { width, maxExamples }: { readonly width: number; readonly maxExamples: number },
): string[] {
  const shown = examples.slice(0, maxExamples);
  const more = count - shown.length;
  const mends = new Set(shown.flatMap(({ mend }) => (mend ? [mendText(mend, findings, typing, width)] : [])));
  return [
    wrapped(`${countOf(count, 'violation')} of: ${invariant}`, width),
    ...shown.map(({ on, reason }) => hanging('  ', `${on}: ${reason}`, width)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    ...mends,
    ...(more > 0 && recoverable < count ? ['  and likewise for the others'] : []),
  ];
}

/** A command is to be pasted: it is folded between its words, and never cut. */
function mendText(mend: Mend, findings: Findings, typing: Typing, width: number): string {
  const { commandFor, connection, options } = typing;
  const typed = (words: readonly string[]): string => `  DO ${folded(words, width, '       ')}`;
  switch (mend.by) {
    case 'recover':
      return typed(commandFor(...recoveryArgs(findings, typing)));
    case 'check': {
      const { local } = options;
      const args = passArgs('check', { jobs: [mend.jobId], ...(local && { local }) }, connection);
      return typed(commandFor(...args));
    }
    case 'command':
      return typed(commandFor(...mend.args));
    case 'aws':
      return typed([...mend.args, ...accountOptions(connection.options)]);
    case 'hand':
      return hanging('  DO ', mend.what, width);
  }
}

/** Those of this program's options that the AWS CLI has as well: without them it may write to another account. */
function accountOptions(typed: readonly string[]): string[] {
  return ['--profile', '--region'].flatMap((flag) => {
    const at = typed.indexOf(flag);
    return at < 0 ? [] : typed.slice(at, at + 2);
  });
}
