import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shellLine } from '../terminal/shell-line.ts';
import { hanging, wrapped } from '../terminal/wrapped.ts';
import type { Looked } from './audit.ts';
import type { Findings, Kind } from './findings.ts';
import type { Mend } from './mends.ts';

/** More jobs than these are not named in a command: a recovery of all costs no more. */
const MAX_JOBS_NAMED = 20;

/** How the commands of a deployment are typed. */
export type CommandFor = (...args: readonly string[]) => readonly string[];

/** What an audit found: by kind, with a few of each, and what mends them. */
export function auditLines(
  findings: Findings,
  looked: Looked,
  commandFor: CommandFor,
  { width }: Pick<Screen, 'width'>,
): string[] {
  const what = `${countOf(looked.jobs, 'job')}, ${countOf(looked.tasks, 'task')}, ${countOf(looked.segments, 'segment')}`;
  const kinds = findings.kinds();
  if (kinds.length === 0) return [`${what}: every invariant holds.`];
  return [
    `${what}: ${countOf(findings.total(), 'violation')}.`,
    ...kinds.flatMap((kind) => ['', ...kindLines(kind, findings, commandFor, width)]),
  ];
}

/** The recovery that mends what one does. */
export const recoveryArgs = (findings: Findings): string[] => {
  const jobs = findings.jobsToRecover();
  return ['recover', ...(jobs.length > MAX_JOBS_NAMED ? [] : ['--jobs', jobs.join(',')])];
};

function kindLines(
  { invariant, count, examples, recoverable }: Kind,
  findings: Findings,
  commandFor: CommandFor,
  width: number,
): string[] {
  const more = count - examples.length;
  const mends = new Set(
    examples.flatMap(({ mend }) => (mend ? [mendText(mend, findings, commandFor, width)] : [])),
  );
  return [
    wrapped(`${countOf(count, 'violation')} of: ${invariant}`, width),
    ...examples.map(({ on, reason }) => hanging('  ', `${on}: ${reason}`, width)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    ...mends,
    ...(more > 0 && recoverable < count ? ['  and likewise for the others'] : []),
  ];
}

/** A command is not broken into lines: it is to be pasted. */
function mendText(mend: Mend, findings: Findings, commandFor: CommandFor, width: number): string {
  switch (mend.by) {
    case 'recover':
      return `  DO ${shellLine(commandFor(...recoveryArgs(findings)))}`;
    case 'command':
      return `  DO ${shellLine(commandFor(...mend.args))}`;
    case 'aws':
      return `  DO ${shellLine(mend.args)}`;
    case 'hand':
      return hanging('  DO ', mend.what, width);
  }
}
