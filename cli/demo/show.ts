import type { Item } from '../../functions/copy-segment/item.ts';
import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { type ShortIds, shortIds, wholeIds } from '../terminal/short-ids.ts';
import type { Ledger } from './ledger.ts';
import { type Groups, keyOf, type Outcome, shownTasks } from './outcome.ts';

/** What a run did and led to, for a person at a terminal, or in full for a pipe: a line for each thing. */
export function showOutcome(ledger: Ledger, outcome: Outcome, now: number, screen: Screen): string {
  const ids = screen.isTerminal ? shortIds(idsShown(ledger, outcome)) : wholeIds;
  const blocks = [
    jobs(ledger, outcome, ids, screen),
    tasks(ledger, outcome, ids, now, screen),
    drops(outcome.drops, ids, screen),
    problems(ledger, ids, screen),
    [end(ledger, outcome.messages), ...legend(ledger, ids, screen)],
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function jobs({ jobs: entries }: Ledger, { items }: Outcome, ids: ShortIds, { width }: Screen): string[] {
  if (entries.size === 0) return [];
  const rows = [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([jobId, { verdict, tasks: verdicts }]) => [
      ids.of(jobId),
      String(items.get(keyOf({ jobId }))?.state ?? 'missing'),
      verdict?.kind ?? '-',
      Object.entries(verdicts)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', '),
    ]);
  return [
    ...columns(['JOB', 'NOW', 'VERDICT', 'VERDICTS ON ITS TASKS'], rows, width),
    ...more(entries.omitted, 'verdicts on other jobs and their tasks'),
  ];
}

function tasks(ledger: Ledger, { items }: Outcome, ids: ShortIds, now: number, { width }: Screen): string[] {
  const shown = shownTasks(ledger);
  if (shown.length === 0) return [];
  const rows = shown.map(({ jobId, taskId, kind, because }) => {
    const item = items.get(keyOf({ jobId, taskId }));
    return [ids.of(taskId), ids.of(jobId), kind, nextLook(item, now), because];
  });
  const { acting, resting } = ledger.tasks;
  const omitted = acting.size + resting.size - shown.length + acting.omitted + resting.omitted;
  return [
    ...columns(['TASK', 'JOB', 'VERDICT', 'NEXT', 'BECAUSE'], rows, width),
    ...more(omitted, 'verdicts on other tasks'),
  ];
}

function drops({ counts, others, total }: Groups, ids: ShortIds, { width }: Screen): string[] {
  if (total === 0) return [];
  const rows = counts.map(([reason, count]) => [String(count), ids.in(reason)]);
  return [
    ...columns([{ count: 'DROPPED' }, 'BECAUSE'], rows, width),
    ...more(others, 'segments for other reasons'),
  ];
}

function problems({ problems: entries }: Ledger, ids: ShortIds, { width }: Screen): string[] {
  if (entries.size === 0) return [];
  const rows = [...entries].flatMap(([, { problem }]) => {
    if (!problem) return [];
    const { key, kind, reason } = problem;
    const { jobId, taskId, segmentId } = key;
    const [what, id] = segmentId ? ['segment', segmentId] : taskId ? ['task', taskId] : ['job', jobId];
    return [[kind, `${what} ${ids.of(id)}`, ids.in(reason)]];
  });
  return [...columns(['PROBLEM', 'WITH', 'REASON'], rows, width), ...more(entries.omitted, 'problems')];
}

function end({ passes }: Ledger, { total, counts }: Groups): string {
  const reasons = counts.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${countOf(passes, 'pass')}; ${countOf(total, 'message')} in the queue${reasons && `: ${reasons}`}.`;
}

function legend(ledger: Ledger, ids: ShortIds, { isTerminal }: Screen): string[] {
  const [first] = ledger.jobs;
  const example = first ? String(first[0]) : '';
  return isTerminal && ids.of(example) !== example
    ? [`Ids are cut: ${ids.of(example)} is ${example}. In full: npm start -- --json`]
    : [];
}

function* idsShown(ledger: Ledger, { drops: { counts } }: Outcome): Generator<string> {
  for (const [jobId] of ledger.jobs) yield String(jobId);
  for (const { jobId, taskId } of shownTasks(ledger)) yield* [String(jobId), String(taskId)];
  for (const [, { problem }] of ledger.problems) yield* Object.values(problem?.key ?? {});
  for (const [reason] of counts) yield* reason.match(/\b\d{9,}\b/g) ?? [];
}

const more = (count: number, what: string): string[] => (count > 0 ? [`… and ${count} more: ${what}`] : []);

/** How long until the inspector looks at it again; `-` if it has no reason to, or the item is gone. */
function nextLook(item: Item | undefined, now: number): string {
  if (item?.dueAt === undefined) return '-';
  const minutes = Math.round((Number(item.dueAt) - now) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}
