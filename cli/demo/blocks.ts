import { compareIds } from '../../functions/copy-segment/ids.ts';
import { columns } from '../terminal/columns.ts';
import type { ShortIds } from '../terminal/short-ids.ts';
import type { Ledger } from './ledger.ts';
import { nameOf, type Outcome } from './outcome.ts';

/** What a screen is made of. */
export interface Shown {
  readonly ledger: Ledger;
  readonly outcome: Outcome;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly ids: ShortIds;
  readonly width: number;
}

/** Lines that belong together; none if there is nothing to show. */
export type Block = readonly string[];

export function jobs({ ledger: { jobs: entries }, outcome: { items }, ids, width }: Shown): Block {
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

export function tasks({ ledger, outcome: { items }, ids, now, width }: Shown): Block {
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

export function plannedTasks({ ledger, outcome: { items }, ids, now, width }: Shown): Block {
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

export function dropReasons({ ledger: { dropReasons: reasons }, ids, width }: Shown): Block {
  if (reasons.total === 0) return [];
  const rows = reasons.counts.map(([reason, count]) => [String(count), ids.in(reason)]);
  return [
    ...columns([{ count: 'DROPPED' }, 'BECAUSE'], rows, width),
    ...more(reasons.others, 'segments for other reasons'),
  ];
}

export function plannedDrops({ ledger: { drops }, ids, width }: Shown): Block {
  if (drops.size === 0) return [];
  const rows = [...drops]
    .sort(([a], [b]) => compareIds(a, b))
    .map(([segmentId, { state, reason = '' }]) => [ids.of(segmentId), String(state), ids.in(reason)]);
  return [
    ...columns(['DROP SEGMENT', 'NOW', 'BECAUSE'], rows, width),
    ...more(drops.omitted, 'segments to drop'),
  ];
}

export function plannedMessages({ ledger: { messages }, ids, width }: Shown): Block {
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

export function problems({ ledger: { problems: entries }, ids, width }: Shown): Block {
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
