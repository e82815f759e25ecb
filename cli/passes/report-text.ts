import type { CheckReport } from '../../functions/checker/report/check-report.ts';
import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { hanging } from '../terminal/wrapped.ts';

export type AnyReport = PassReport | CheckReport;

/** Parts of a report that are counts, in the order of interest. */
const PARTS = ['read', 'tasks', 'jobs', 'segments', 'messages'] as const;

/** What a pass found and did; what is 0 is left out. On a terminal with as many problems as leave room for the rest. */
export function reportLines(what: string, report: AnyReport, screen: Screen, all = false): string[] {
  const { complete, dryRun, durationMs } = report;
  const end = complete ? 'complete' : 'not complete';
  const counts = PARTS.flatMap((part): [string, string][] => {
    const text = countsText(part, (report as unknown as Record<string, Record<string, number>>)[part] ?? {});
    return text === '' ? [] : [[part, text]];
  });
  return [
    `${what}${dryRun ? ', dry run' : ''}: ${end}, ${(durationMs / 1_000).toFixed(1)} s.`,
    ...counts.map(([part, text]) => hanging(`  ${part.padEnd(8)}  `, text, screen.width)),
    ...problemLines(report, screen, all),
  ];
}

const countsText = (part: string, counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) =>
      part === 'read' ? countOf(count, words(name).replace(/s$/, '')) : `${count} ${words(name)}`,
    )
    .join(', ');

/** `alreadyDropped` → "already dropped". */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function problemLines(
  { problems, problemsOmitted, dryRun }: AnyReport,
  { isTerminal, width, maxLines }: Screen,
  all: boolean,
): string[] {
  if (problems.length === 0) return [];
  // Most take two lines; a dry run has its actions to show as well.
  const shown = isTerminal && !all ? problems.slice(0, Math.floor(maxLines / (dryRun ? 6 : 3))) : problems;
  const more = problems.length - shown.length + problemsOmitted;
  return [
    ...shown.map(({ kind, key, reason }) => hanging('', `${kind}, ${keyText(key)}: ${reason}`, width)),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
}

function keyText({ jobId, taskId, segmentId, part }: AnyReport['problems'][number]['key']): string {
  if (part !== undefined) return part;
  if (segmentId !== undefined) return `segment ${segmentId}`;
  return taskId === undefined ? `job ${jobId}` : `task ${jobId}/${taskId}`;
}
