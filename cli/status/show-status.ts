import type { CommandCall } from '../commands/command.ts';
import { LEVELS } from '../explain/condition.ts';
import { queueText, scheduleText } from '../explain/environment-lines.ts';
import { wordsOf } from '../explain/explain-job.ts';
import { ago, statesText } from '../explain/explain-task.ts';
import { spanText, timeText } from '../operate/time-text.ts';
import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { shellLine } from '../terminal/shell-line.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { ailmentsOf, worstOf } from './is-healthy.ts';
import { TRAFFIC_MINUTES } from './read-traffic.ts';
import type { Alarms, JobStatus, LastPass, Signals, Status } from './status.ts';

const TITLE_WIDTH = 10;
const BAR_WIDTH = 16;

/** More jobs than these are counted: a screen has other lines as well. */
const MAX_JOBS_ON_SCREEN = 10;

/** For a person: the deployment in a line each, then its jobs, the worst first. */
export function showStatus(
  status: Status,
  { isTerminal, width, maxLines }: Screen,
  commandFor: CommandCall<unknown>['commandFor'],
): string {
  const { at, due, pending, environment, signals, nodes, jobs, jobsByState, notRead } = status;
  const { inspectorSchedule, checkerSchedule, queue } = environment;
  const row = (title: string, text: string): string =>
    `${title.padEnd(TITLE_WIDTH)}${wrapped(text, Math.min(width, 80) - TITLE_WIDTH).replaceAll('\n', `\n${' '.repeat(TITLE_WIDTH)}`)}`;
  const dueText =
    due.oldest === undefined
      ? 'nothing'
      : `${countOf(due.tasks, 'task')}, ${countOf(due.jobs, 'job')}; the oldest for ${spanText(at - due.oldest)}`;
  const ailments = ailmentsOf(status);
  const worstFirst = jobs.toSorted((a, b) => levelOf(b) - levelOf(a));
  const shown = worstFirst.slice(0, isTerminal ? MAX_JOBS_ON_SCREEN : maxLines);
  const left = jobs.length - shown.length;
  return [
    row('passes', `inspector ${scheduleText(inspectorSchedule)}, checker ${scheduleText(checkerSchedule)}`),
    ...lastPasses(signals, at).map((text, index) => row(index === 0 ? 'last' : '', text)),
    row('due', dueText),
    row(
      'pending',
      `${pending.neverSent} never sent, ${pending.inQueue} in the queue, ${pending.overdue} overdue`,
    ),
    row('queue', `${queueText(queue)}${trafficText(signals)}`),
    ...(signals.alarms === undefined ? [] : [row('alarms', alarmsText(signals.alarms, at))]),
    ...failedRow(signals).map((text) => row('failed', text)),
    row('workers', nodesText(nodes)),
    row('jobs', statesText(jobsByState)),
    ...(notRead.length > 0 ? [row('not read', notRead.join('; '))] : []),
    '',
    ...(shown.length === 0
      ? []
      : [
          ...columns(['JOB', 'STATE', 'SEGMENTS', 'TASKS', 'WORST'], shown.map(jobRow), width),
          ...(left > 0 ? [`… and ${countOf(left, 'job')} more: --json names them all`] : []),
          '',
        ]),
    ailments.length === 0
      ? 'Healthy.'
      : wrapped(
          `Not healthy: ${ailments.join(', ')}.${explainHint(worstFirst, commandFor)}`,
          Math.min(width, 80),
        ),
  ].join('\n');
}

/** The worse of the job and its tasks: a stuck job may show what is late about its tasks. */
const levelOf = ({ condition, worst }: JobStatus): number =>
  Math.max(...[condition, worst?.condition].map((one) => LEVELS.indexOf(one?.level ?? 'fine')));

const jobRow = (job: JobStatus): string[] => {
  const { jobId, state, tasks, segments } = job;
  const { kind, count } = worstOf(job);
  return [
    jobId,
    state,
    barOf(segments),
    tasks.done === undefined ? '?' : `${tasks.done}/${tasks.of ?? '?'}`,
    count === undefined ? wordsOf(kind) : `${count} ${wordsOf(kind)}`,
  ];
};

/** `#####..... 54/102`. */
export function barOf({ done, of }: JobStatus['segments']): string {
  if (done === undefined) return '?';
  if (of === undefined || of === 0) return `${done}/?`;
  const filled = Math.min(BAR_WIDTH, Math.floor((done / of) * BAR_WIDTH));
  return `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)} ${done}/${of}`;
}

const explainHint = (jobs: readonly JobStatus[], commandFor: CommandCall<unknown>['commandFor']): string => {
  const [first] = jobs.filter((job) => worstOf(job).level === 'stuck' || worstOf(job).level === 'late');
  return first ? ` Why: ${shellLine(commandFor('explain', first.jobId))}` : '';
};

const lastPasses = ({ lastPass, lastCheck }: Signals, now: number): string[] => [
  ...(lastPass === undefined ? [] : [lastText('pass', lastPass, now)]),
  ...(lastCheck === undefined ? [] : [lastText('check', lastCheck, now)]),
];

function lastText(what: string, last: LastPass, now: number): string {
  if (last.kind === 'none') return `no ${what} in ${spanText(last.withinMs)}`;
  const name = last.mode === 'recover' ? 'recovery' : what;
  return `${name} ${timeText(last.at)}, ${ago(last.at, now)}: ${wordsOf(last.kind)}, ${countOf(last.problems, 'problem')}`;
}

const trafficText = ({ traffic, oldestMessageS }: Signals): string =>
  traffic === undefined
    ? ''
    : `; in ${TRAFFIC_MINUTES} min ${traffic.received} received, ${traffic.deleted} deleted${oldestMessageS === undefined ? '' : `, the oldest ${spanText(oldestMessageS * 1_000)} old`}`;

function alarmsText({ on, of, withoutData }: Alarms, at: number): string {
  if (of === 0) return 'there are none';
  const quiet = withoutData > 0 ? `, ${withoutData} without data` : '';
  if (on.length === 0) return `none of ${of} is on${quiet}`;
  const named = on.map(
    ({ heading, since }) => `${heading}${since === undefined ? '' : ` (${spanText(at - since)})`}`,
  );
  return `${on.length} of ${of} on${quiet}: ${named.join(', ')}`;
}

/** Invocations; what was not read is not 0. */
const failedRow = ({ failedPasses, failedChecks }: Signals): string[] => {
  const counts = [
    ...(failedPasses === undefined ? [] : [countOf(failedPasses, 'pass')]),
    ...(failedChecks === undefined ? [] : [countOf(failedChecks, 'check')]),
  ];
  return counts.length === 0 ? [] : [`${counts.join(', ')} (invocations)`];
};

/** Names listed; the other nodes are counted. */
const MAX_NODES_NAMED = 5;

function nodesText(nodes: Readonly<Record<string, number>>): string {
  const all = Object.entries(nodes).sort(([, a], [, b]) => b - a);
  const leases = all.reduce((sum, [, count]) => sum + count, 0);
  if (leases === 0) return 'nobody holds a lease';
  const named = all.slice(0, MAX_NODES_NAMED).map(([node, count]) => `${node} (${count})`);
  const more = all.length - named.length;
  return `${countOf(all.length, 'node')} with ${countOf(leases, 'lease')}: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
