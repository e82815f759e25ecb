import { styleText } from 'node:util';
import type { Item } from '../../functions/copy-segment/item.ts';
import type { TableKind } from '../../functions/copy-segment/tables.ts';
import type { ObservedVerdict } from '../../functions/inspector/pass.ts';
import type { PassMade } from './run.ts';
import { grid, ROWS_SHOWN } from './terminal-table.ts';

type TableItems = Readonly<Record<TableKind, readonly Item[]>>;

/** A run from its beginning to its end. */
export interface Run {
  readonly before: TableItems;
  readonly after: TableItems;
  readonly passes: readonly PassMade[];
  readonly messages: readonly Record<string, unknown>[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What happened, for a person at a terminal. */
export function showRun(run: Run): string {
  const ledger = ledgerOf(run);
  return [
    heading('Jobs', 'before and after'),
    grid(
      ['job', 'before', 'after', 'verdict'],
      run.before.jobs.map((job) => [String(job.jobId), ...changeOf(ledger, job)]),
    ),
    ...tasks(run, ledger),
    heading('Target segments', 'those that changed, and how many did not'),
    segments(run),
    heading('Scheduler queue', `${run.messages.length} messages`),
    grid(['job', 'task', 'version', 'attempt', 'reason'], run.messages.map(messageRow)),
    ...problems(run),
    heading('What it cost', 'requests, and DynamoDB read and write units'),
    cost(run),
  ].join('\n');
}

/** One line a pass, for `--watch`. */
export function showPass({ report }: PassMade): string {
  const { startedAt, mode, durationMs, tasks, segments, messages, requests, capacity, problems } = report;
  const time = new Date(startedAt).toISOString().slice(11, 19);
  const done = `${messages.sent} sent, ${tasks.released} released, ${segments.dropped} dropped, ${tasks.settled} settled`;
  const spent = `${requests.total} requests, ${capacity.readUnits} RRU, ${capacity.writeUnits} WRU, ${durationMs} ms`;
  return `${time} ${mode}: ${done}; ${problems.length} problems; ${spent}`;
}

const heading = (title: string, note: string): string =>
  `\n${styleText('bold', title)} ${styleText('dim', note)}`;

function tasks(run: Run, ledger: Ledger): string[] {
  const groups = Object.entries(Object.groupBy(run.before.tasks, ({ jobId }) => String(jobId)));
  const shown: string[] = [];
  let rows = 0;
  for (const [jobId, group = []] of groups) {
    if (rows >= ROWS_SHOWN) break;
    rows += group.length;
    shown.push(
      heading(`Tasks of job ${jobId}`, 'v: task version, #: times enqueued, ⏰: when to look next'),
      grid(
        ['task', 'before', 'after', 'verdict'],
        group.map((task) => [String(task.taskId), ...changeOf(ledger, task)]),
      ),
    );
  }
  const left = groups.length - shown.length / 2;
  return left > 0 ? [...shown, `  … and the tasks of ${left} more jobs`] : shown;
}

/** Before, after, and the verdicts in between. */
function changeOf({ after, verdicts, now }: Ledger, item: Item): string[] {
  const describe = item.taskId === undefined ? describeJob : describeTask;
  const there = after.get(keyOf(item));
  const [from, to] = [describe(item, now), there ? describe(there, now) : 'gone'];
  const fell = new Set(verdicts.get(keyOf(item))?.map(({ kind, because }) => `${kind}: ${because}`));
  return [
    from,
    from === to ? styleText('dim', 'same') : to,
    [...fell].join('\n') || styleText('dim', 'not due'),
  ];
}

/** What became of each job and task, by key. */
interface Ledger {
  readonly after: ReadonlyMap<string, Item>;
  readonly verdicts: ReadonlyMap<string, readonly ObservedVerdict[]>;
  readonly now: number;
}

const keyOf = ({ jobId, taskId }: { readonly jobId?: unknown; readonly taskId?: unknown }): string =>
  `${jobId}/${taskId}`;

const ledgerOf = ({ after, passes, now }: Run): Ledger => ({
  after: new Map([...after.jobs, ...after.tasks].map((item) => [keyOf(item), item])),
  verdicts: Map.groupBy(
    passes.flatMap((pass) => pass.verdicts),
    keyOf,
  ),
  now,
});

const describeJob = (job: Item, now: number): string => `${job.state}${settled(job)}${due(job, now)}`;

function describeTask(task: Item, now: number): string {
  return `${task.state} v${task.taskVersion} #${task.enqueueCount}${settled(task)}${due(task, now)}`;
}

const settled = ({ segmentsDroppedAt }: Item): string => (segmentsDroppedAt === undefined ? '' : ', settled');

function due({ dueAt }: Item, now: number): string {
  if (dueAt === undefined) return '';
  const minutes = Math.round((Number(dueAt) - now) / 60_000);
  if (minutes < 1) return ' ⏰ now';
  if (minutes < 24 * 60) return ` ⏰ in ${minutes} min`;
  return ` ⏰ ${new Date(Number(dueAt)).toISOString().slice(0, 10)}`;
}

function segments({ before, after }: Run): string {
  const previous = new Map(before.segments.map((segment) => [segment.segmentId, segment.state]));
  const rows = after.segments
    .filter((segment) => previous.get(segment.segmentId) !== segment.state)
    .map((segment) => [
      String(segment.segmentId),
      `${previous.get(segment.segmentId)} → ${segment.state}`,
      String(segment.dropReason ?? ''),
    ]);
  const counts = Object.entries(Object.groupBy(after.segments, ({ state }) => String(state)))
    .map(([state, list]) => `${list?.length} ${state}`)
    .sort();
  return [
    grid(['segment', 'state', 'drop reason'], rows),
    `  ${after.segments.length - rows.length} unchanged; now ${counts.join(', ') || 'none'}`,
  ].join('\n');
}

const messageRow = (message: Record<string, unknown>): string[] =>
  ['jobId', 'taskId', 'taskVersion', 'attempt', 'reason'].map((name) => String(message[name]));

function problems({ passes }: Run): string[] {
  const rows = passes
    .flatMap(({ report }) => report.problems)
    .map(({ key, kind, reason }) => [kind, key.jobId ?? '', key.taskId ?? '', key.segmentId ?? '', reason]);
  if (rows.length === 0) return [];
  return [heading('Problems', 'what to look at'), grid(['kind', 'job', 'task', 'segment', 'reason'], rows)];
}

function cost({ passes }: Run): string {
  return grid(
    ['pass', 'mode', 'complete', 'ms', 'read units', 'write units', 'requests'],
    passes.map(({ report: { mode, dryRun, complete, durationMs, requests, capacity } }, index) => [
      String(index + 1),
      dryRun ? `${mode}, dry run` : mode,
      complete ? 'yes' : 'no',
      String(durationMs),
      String(capacity.readUnits),
      String(capacity.writeUnits),
      requestsOf(requests),
    ]),
  );
}

const requestsOf = ({ total, byOperation }: PassMade['report']['requests']): string =>
  `${total}: ${Object.entries(byOperation)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}`;
