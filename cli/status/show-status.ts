import { queueText, scheduleText } from '../explain/environment-lines.ts';
import { wordsOf } from '../explain/explain-job.ts';
import { ago, statesText } from '../explain/explain-task.ts';
import { spanText, timeText } from '../operate/time-text.ts';
import { columns } from '../terminal/columns.ts';
import { countOf } from '../terminal/count-of.ts';
import type { Screen } from '../terminal/screen.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { ailmentsOf, isStuck, worstOf } from './is-healthy.ts';
import type { JobStatus, Signals, Status } from './status.ts';

const TITLE_WIDTH = 10;
const BAR_WIDTH = 16;

/** More jobs than these are counted: a screen has other lines as well. */
const MAX_JOBS_ON_SCREEN = 10;

/** For a person: the deployment in a line each, then its jobs, the stuck ones first. */
export function showStatus(status: Status, { isTerminal, width, maxLines }: Screen): string {
  const { at, due, pending, environment, signals, nodes, jobs, jobsByState, notRead } = status;
  const { inspectorSchedule, checkerSchedule, queue } = environment;
  const row = (title: string, text: string): string =>
    `${title.padEnd(TITLE_WIDTH)}${wrapped(text, Math.min(width, 80) - TITLE_WIDTH).replaceAll('\n', `\n${' '.repeat(TITLE_WIDTH)}`)}`;
  const dueText =
    due.oldest === undefined
      ? 'nothing'
      : `${countOf(due.tasks, 'task')}, ${countOf(due.jobs, 'job')}; the oldest for ${spanText(at - due.oldest)}`;
  const ailments = ailmentsOf(status);
  const shown = [...jobs]
    .sort((a, b) => Number(isStuck(b)) - Number(isStuck(a)))
    .slice(0, isTerminal ? MAX_JOBS_ON_SCREEN : maxLines);
  const left = jobs.length - shown.length;
  return [
    row('passes', `inspector ${scheduleText(inspectorSchedule)}, checker ${scheduleText(checkerSchedule)}`),
    ...lastPassRow(signals, at).map((text) => row('last', text)),
    row('due', dueText),
    row(
      'pending',
      `${pending.neverSent} never sent, ${pending.inQueue} in the queue, ${pending.overdue} overdue`,
    ),
    row('queue', `${queueText(queue)}${trafficText(signals)}`),
    ...alarmRow(signals).map((text) => row('alarms', text)),
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
      : wrapped(`Not healthy: ${ailments.join(', ')}.${explainHint(shown)}`, Math.min(width, 80)),
  ].join('\n');
}

const jobRow = (job: JobStatus): string[] => {
  const { jobId, state, tasks, segments } = job;
  const { kind, count } = worstOf(job);
  return [
    jobId,
    state,
    barOf(segments),
    `${tasks.done}/${tasks.of ?? '?'}`,
    count === undefined ? wordsOf(kind) : `${count} ${wordsOf(kind)}`,
  ];
};

/** `#####..... 54/102`. */
export function barOf({ done, of }: JobStatus['segments']): string {
  if (of === undefined || of === 0) return `${done}/?`;
  const filled = Math.min(BAR_WIDTH, Math.floor((done / of) * BAR_WIDTH));
  return `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)} ${done}/${of}`;
}

const explainHint = (jobs: readonly JobStatus[]): string => {
  const [first] = jobs.filter((job) => worstOf(job).level === 'stuck' || worstOf(job).level === 'late');
  return first ? ` Why: copy-segment explain ${first.jobId}` : '';
};

function lastPassRow({ lastPass }: Signals, now: number): string[] {
  if (lastPass === undefined) return [];
  const { at, isComplete, problems } = lastPass;
  return [
    `${timeText(at)}, ${ago(at, now)}, ${isComplete ? 'complete' : 'not complete'}, ${countOf(problems, 'problem')}`,
  ];
}

const trafficText = ({ traffic, oldestMessageS }: Signals): string =>
  traffic === undefined
    ? ''
    : `; in 15 min ${traffic.received} received, ${traffic.deleted} deleted${oldestMessageS === undefined ? '' : `, the oldest ${spanText(oldestMessageS * 1_000)} old`}`;

const alarmRow = ({ alarms }: Signals): string[] =>
  alarms === undefined
    ? []
    : [alarms.on.length === 0 ? `none of ${alarms.of} is on` : `on: ${alarms.on.join(', ')}`];

const failedRow = ({ failedPasses, failedChecks }: Signals): string[] =>
  failedPasses === undefined && failedChecks === undefined
    ? []
    : [`${countOf(failedPasses ?? 0, 'pass')}, ${countOf(failedChecks ?? 0, 'check')} (invocations)`];

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
