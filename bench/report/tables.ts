import { CONTENDERS } from '../contenders/bundle-contenders.ts';
import { GOALS, type Goal, type Standing } from '../goals.ts';
import type { Measurement, Range } from '../measure.ts';
import type { MonthItem } from '../month.ts';
import { NOT_REACHED_YET } from '../not-reached-yet.ts';
import { PRICES } from '../prices.ts';
import { measurementsOf, type Results } from '../results.ts';
import { count, seconds } from './format.ts';
import { NAMES } from './names.ts';
import type { Table } from './table.ts';

/** Each goal that a run has measured. */
export const standings = (results: Results): { readonly goal: Goal; readonly standing: Standing }[] =>
  GOALS.flatMap((goal) => {
    const standing = goal.standing(results);
    return standing ? [{ goal, standing }] : [];
  });

/** The goals that end the benchmark with 1. */
export const missedGoals = (results: Results): ReturnType<typeof standings> =>
  standings(results).filter(({ goal, standing }) => goal.counts && !isHeld(goal, standing));

/** Whether a goal is reached or, where it is known to be missed, not missed by more than it may be. */
const isHeld = ({ name }: Goal, { isReached, value }: Standing): boolean =>
  isReached || value <= (NOT_REACHED_YET[name]?.atMost ?? Number.NEGATIVE_INFINITY);

/** Goals as a program reads them. */
export const verdicts = (results: Results) =>
  standings(results).map(({ goal, standing }) => ({
    name: goal.name,
    target: goal.target,
    counts: goal.counts,
    ...standing,
    verdict: verdictOn(results, goal, standing),
  }));

export function goalsTable(results: Results): Table {
  return {
    titles: ['', 'goal', 'naive port', 'floor', 'measured', ''],
    rows: standings(results).map(({ goal, standing }) => [
      goal.name,
      goal.target,
      standing.naive ?? '',
      standing.floor ?? '',
      standing.measured,
      verdictOn(results, goal, standing),
    ]),
  };
}

function verdictOn(results: Results, goal: Goal, standing: Standing): string {
  const finding = NOT_REACHED_YET[goal.name];
  if (standing.isReached)
    return goal.counts && finding !== undefined ? 'reached, though listed as not reached yet' : 'reached';
  if (finding === undefined) return goal.counts ? 'MISSED' : 'missed';
  const why = finding.why(results);
  if (!goal.counts) return `missed: ${why}`;
  return isHeld(goal, standing)
    ? `not reached yet: ${why}`
    : `MISSED, beyond its ceiling of ${count(finding.atMost ?? 0)}: ${why}`;
}

/** One row per contender, workload and latency; the ratios are to the floor of the same run. */
export function workloadsTable(results: Results): Table {
  const shown = results.measurements.filter(({ workload }) => !/^(marks|idle.*warm)/.test(workload));
  return {
    titles: [
      'workload',
      ...['of', 'latency'].map((title) => ({ count: title })),
      'by',
      ...['requests', 'read', 'write', 'US$', 'messages', 'wall', '×', 'CPU', '×', 'peak MB', '×'].map(
        (count) => ({
          count,
        }),
      ),
    ],
    rows: shown.map((own, index) => {
      const isFirst = !isSameGroup(own, shown[index - 1]);
      const { workload, size, latencyMs } = own;
      const [floor] = measurementsOf(results, { workload, size, latencyMs, contender: 'floor' });
      return [
        isFirst ? workload : '',
        isFirst ? count(size) : '',
        isFirst ? `${latencyMs} ms` : '',
        NAMES[own.contender],
        count(own.totalRequests),
        count(own.readUnits),
        count(own.writeUnits),
        own.dollars.toFixed(4),
        own.messages > 0 ? count(own.messages) : '',
        spreadOf(own.wallMs, own.spread?.wallMs),
        ratio(own.wallMs, floor?.wallMs),
        spreadOf(own.cpuMs, own.spread?.cpuMs),
        ratio(own.cpuMs, floor?.cpuMs),
        (own.peakBytes / 1e6).toFixed(0),
        ratio(own.peakBytes, floor?.peakBytes),
      ];
    }),
  };
}

/** A median with the least and the most. */
const spreadOf = (ms: number, range: Range | undefined): string =>
  range ? `${seconds(ms)} (${range.map((end) => (end / 1_000).toFixed(1)).join('–')})` : seconds(ms);

/** Shorter runs say more about the start of a process than about who computes. */
const MIN_SHOWN_MS = 1_000;

/** Who computed while a contender ran with 5 ms per request; the engines share its cores. */
export function processorsTable({ measurements, machine }: Results): Table {
  const cores = Number.parseInt(machine, 10);
  const rows = measurements.flatMap(
    ({ workload, size, latencyMs, contender, wallMs, cpuMs, engineCpuMs, wireCpuMs }) => {
      if (latencyMs === 0 || wallMs < MIN_SHOWN_MS || engineCpuMs === undefined || wireCpuMs === undefined)
        return [];
      const busy = (cpuMs + engineCpuMs + wireCpuMs) / (wallMs * cores);
      return [
        [
          workload,
          count(size),
          NAMES[contender],
          ...[wallMs, cpuMs, engineCpuMs, wireCpuMs].map(seconds),
          `${(100 * busy).toFixed(0)} %`,
        ],
      ];
    },
  );
  const times = ['wall', 'itself', 'DynamoDB', 'wire, SQS', `of ${cores} cores`];
  return {
    titles: ['at 5 ms', { count: 'of' }, 'by', ...times.map((title) => ({ count: title }))],
    rows,
  };
}

const PASSES_SHOWN = [0, 1, 5, 60];

/** Dollars of a restore of 10,000 tasks: the pass that enqueues it, and those that find its tasks still waiting. */
export function restoreTable(results: Results): Table {
  const at = { size: 10_000, latencyMs: 0 };
  const rows = CONTENDERS.flatMap((contender) => {
    const [first] = measurementsOf(results, { workload: 'busy', contender, ...at });
    const [later] = measurementsOf(results, { workload: 'waiting', contender, ...at });
    if (first === undefined || later === undefined) return [];
    const sum = (passes: number): string => (first.dollars + passes * later.dollars).toFixed(4);
    return [[NAMES[contender], ...PASSES_SHOWN.map(sum)]];
  });
  const titles = PASSES_SHOWN.map((passes) => ({ count: `${passes} later` }));
  return { titles: ['US$ for the first pass, and', ...titles], rows };
}

export function reactionsTable({ reactions }: Results): Table {
  return {
    titles: [
      '',
      ...[
        'tasks',
        'median ms',
        '99 % ms',
        'woken',
        'ms each',
        'requests',
        'read',
        'write',
        'US$ per million',
      ].map((title) => ({ count: title })),
    ],
    rows: reactions.map((reaction) => [
      reaction.what,
      ...[
        reaction.tasks,
        reaction.medianMs,
        reaction.percentile99Ms,
        reaction.invocations,
        reaction.msPerInvocation,
      ].map(count),
      ...[reaction.requests, reaction.readUnits, reaction.writeUnits, reaction.dollars * 1_000_000].map(
        (value) => value.toFixed(2),
      ),
    ]),
  };
}

const isSameGroup = (a: Measurement, b: Measurement | undefined): boolean =>
  a.workload === b?.workload && a.size === b.size && a.latencyMs === b.latencyMs;

/** What a mark costs by the size of its task, and how many of them a partition takes. */
export function marksTable(results: Results): Table {
  const marks = results.measurements.filter(({ workload }) => workload.startsWith('marks'));
  return {
    titles: [
      'task of',
      ...['write units a mark', 'US$ for 10,000', 'per second of one job'].map((title) => ({ count: title })),
    ],
    rows: marks.map(({ workload, writeUnits, size }) => {
      const perMark = writeUnits / size;
      return [
        workload.replace('marks, ', ''),
        count(perMark),
        ((perMark * 10_000 * PRICES.writeUnits) / 1e6).toFixed(2),
        // Two of the units are the index's; a partition takes 1,000 a second.
        count(Math.floor(1_000 / (perMark - 2))),
      ];
    }),
  };
}

export function bundlesTable({ bundles }: Results): Table {
  return {
    titles: ['bundle', { count: 'kB' }, { count: 'CPU until the handler can be called' }],
    rows: bundles.map(({ name, bytes, loadCpuMs, loadCpuRangeMs }) => [
      name,
      (bytes / 1_000).toFixed(0),
      `${loadCpuMs.toFixed(0)} ms${loadCpuRangeMs ? ` (${loadCpuRangeMs.map((ms) => ms.toFixed(0)).join('–')})` : ''}`,
    ]),
  };
}

export const weightsTable = ({ weights }: Results): Table => ({
  titles: ["in the inspector's bundle", { count: 'kB' }],
  rows: weights.map(({ what, bytes }) => [what, (bytes / 1_000).toFixed(1)]),
});

export function monthTable({ month }: Results): Table {
  const row = ({ what, amount, dollars }: MonthItem): string[] => [what, amount, dollars.toFixed(3)];
  const sum = (what: string, items: readonly MonthItem[]): string[] => {
    const dollars = items.reduce((total, item) => total + item.dollars, 0);
    return [what, '', dollars.toFixed(3)];
  };
  const idle = month.filter(({ isExtra = false }) => !isExtra);
  const sums =
    month.length > 0
      ? [
          sum('all of it', idle),
          sum(
            'all but alarms and dashboard',
            idle.filter(({ isWatching = false }) => !isWatching),
          ),
        ]
      : [];
  return {
    titles: ['a month, idle', 'how much', { count: 'US$' }],
    rows: [...idle.map(row), ...sums, ...month.filter(({ isExtra = false }) => isExtra).map(row)],
  };
}

const ratio = (value: number, of: number | undefined): string =>
  of === undefined ? '' : (value / of).toFixed(2);
