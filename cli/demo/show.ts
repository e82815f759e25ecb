import { compareIds } from '../../functions/copy-segment/ids.ts';
import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { type ShortIds, shortIds, wholeIds } from '../terminal/short-ids.ts';
import type { Groups } from './groups.ts';
import type { Ledger } from './ledger.ts';
import { nameOf, type Outcome } from './outcome.ts';

/** What a screen is made of. */
interface Shown {
  readonly ledger: Ledger;
  readonly outcome: Outcome;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly ids: ShortIds;
  readonly width: number;
}

type Block = readonly string[];

/** What a run did and led to, for a person at a terminal, or in full for a pipe: a line for each thing. */
export const showRun = (ledger: Ledger, outcome: Outcome, now: number, screen: Screen): string =>
  show(ledger, outcome, now, screen, (shown) => [
    jobs(shown),
    tasks(shown),
    dropReasons(shown),
    problems(shown),
    [`${countOf(ledger.passes, 'pass')}; ${inQueue(outcome.messages)}.`, ...legend(shown)],
  ]);

/** What a dry run would do: the state that each task would have, each segment that would be dropped, each message. */
export const showPlan = (ledger: Ledger, outcome: Outcome, now: number, screen: Screen): string =>
  show(ledger, outcome, now, screen, (shown) => [
    jobs(shown),
    plannedTasks(shown),
    plannedDrops(shown),
    plannedMessages(shown),
    problems(shown),
    ['A dry run: nothing of this was done.', ...legend(shown)],
  ]);

function show(
  ledger: Ledger,
  outcome: Outcome,
  now: number,
  { isTerminal, width }: Screen,
  blocksOf: (shown: Shown) => Block[],
): string {
  const ids = isTerminal ? shortIds(idsIn(ledger)) : wholeIds;
  const blocks = blocksOf({ ledger, outcome, now, ids, width });
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function jobs({ ledger: { jobs: entries }, outcome: { items }, ids, width }: Shown): Block {
  if (entries.size === 0) return [];
  const rows = [...entries]
    .sort(([a], [b]) => compareIds(a, b))
    .map(([jobId, { verdict, tasks: verdicts }]) => [
      ids.of(jobId),
      String(items.get(nameOf({ jobId }))?.state ?? 'missing'),
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

function tasks({ ledger, outcome: { items }, ids, now, width }: Shown): Block {
  const { shown, omitted } = ledger.tasks();
  if (shown.length === 0) return [];
  const rows = shown.map(({ jobId, taskId, verdict }) => [
    ids.of(taskId),
    ids.of(jobId),
    verdict?.kind ?? '',
    until(items.get(nameOf({ jobId, taskId }))?.dueAt, now),
    verdict?.because ?? '',
  ]);
  return [
    ...columns(['TASK', 'JOB', 'VERDICT', 'NEXT', 'BECAUSE'], rows, width),
    ...more(omitted, 'verdicts on other tasks'),
  ];
}

function plannedTasks({ ledger, outcome: { items }, ids, now, width }: Shown): Block {
  const { shown, omitted } = ledger.tasks();
  if (shown.length === 0) return [];
  const rows = shown.map(({ jobId, taskId, verdict, state, dueAt }) => {
    const item = items.get(nameOf({ jobId, taskId }));
    const next = dueAt === undefined ? item?.dueAt : (dueAt ?? undefined);
    return [
      ids.of(taskId),
      ids.of(jobId),
      verdict?.kind ?? '',
      state ?? String(item?.state),
      until(next, now),
      verdict?.because ?? '',
    ];
  });
  return [
    ...columns(['TASK', 'JOB', 'VERDICT', 'PLANNED', 'NEXT', 'BECAUSE'], rows, width),
    ...more(omitted, 'verdicts on other tasks'),
  ];
}

function dropReasons({ ledger: { dropReasons: reasons }, ids, width }: Shown): Block {
  if (reasons.total === 0) return [];
  const rows = reasons.counts.map(([reason, count]) => [String(count), ids.in(reason)]);
  return [
    ...columns([{ count: 'DROPPED' }, 'BECAUSE'], rows, width),
    ...more(reasons.others, 'segments for other reasons'),
  ];
}

function plannedDrops({ ledger: { drops }, ids, width }: Shown): Block {
  if (drops.size === 0) return [];
  const rows = [...drops]
    .sort(([a], [b]) => compareIds(a, b))
    .map(([segmentId, { state, reason = '' }]) => [ids.of(segmentId), String(state), ids.in(reason)]);
  return [
    ...columns(['DROP SEGMENT', 'NOW', 'BECAUSE'], rows, width),
    ...more(drops.omitted, 'segments to drop'),
  ];
}

function plannedMessages({ ledger: { messages }, ids, width }: Shown): Block {
  if (messages.size === 0) return [];
  const rows = [...messages].flatMap(([, { message }]) =>
    message
      ? [
          [
            ids.of(message.taskId),
            ids.of(message.jobId),
            String(message.taskVersion),
            String(message.attempt),
            message.reason,
          ],
        ]
      : [],
  );
  const titles = ['SEND TASK', 'JOB', { count: 'VERSION' }, { count: 'ATTEMPT' }, 'REASON'];
  return [...columns(titles, rows, width), ...more(messages.omitted, 'messages to send')];
}

function problems({ ledger: { problems: entries }, ids, width }: Shown): Block {
  if (entries.size === 0) return [];
  const rows = [...entries].flatMap(([, { problem }]) => {
    if (!problem) return [];
    const { jobId, taskId, segmentId, part } = problem.key;
    const what = segmentId
      ? `segment ${ids.of(segmentId)}`
      : taskId
        ? `task ${ids.of(taskId)}`
        : jobId
          ? `job ${ids.of(jobId)}`
          : (part ?? '');
    return [[problem.kind, what, ids.in(problem.reason)]];
  });
  return [...columns(['PROBLEM', 'WITH', 'REASON'], rows, width), ...more(entries.omitted, 'problems')];
}

function inQueue({ total, counts }: Groups): string {
  const reasons = counts.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${countOf(total, 'message')} in the queue${reasons && `: ${reasons}`}`;
}

function legend({ ledger, ids }: Shown): Block {
  const [first] = ledger.jobs;
  const example = first ? String(first[0]) : '';
  return ids.of(example) === example
    ? []
    : [`Ids are cut: ${ids.of(example)} is ${example}. In full: npm start -- --json`];
}

function* idsIn(ledger: Ledger): Generator<string> {
  for (const [jobId] of ledger.jobs) yield String(jobId);
  for (const { jobId, taskId } of ledger.tasks().shown) yield* [String(jobId), String(taskId)];
  for (const [, { problem }] of ledger.problems) {
    const { part: _, ...ids } = problem?.key ?? {};
    yield* Object.values(ids);
  }
  for (const [segmentId] of ledger.drops) yield String(segmentId);
  for (const [reason] of ledger.dropReasons.counts) yield* reason.match(/\b\d{9,}\b/g) ?? [];
}

const more = (count: number, what: string): Block => (count > 0 ? [`… and ${count} more: ${what}`] : []);

/** How long until the inspector looks at it again; `-` if it has no reason to. */
function until(dueAt: unknown, now: number): string {
  if (dueAt === undefined) return '-';
  const minutes = Math.round((Number(dueAt) - now) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.round(minutes / 60);
  return hours < 72 ? `${hours}h` : `${Math.round(hours / 24)}d`;
}
