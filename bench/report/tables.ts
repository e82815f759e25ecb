import { GOALS, type Goal, type Standing } from '../goals.ts';
import type { Measurement } from '../measure.ts';
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
  standings(results).filter(
    ({ goal, standing }) => goal.counts && !standing.isReached && !(goal.name in NOT_REACHED_YET),
  );

export function goalsTable(results: Results): Table {
  return {
    titles: ['', 'goal', 'naive port', 'floor', 'measured', ''],
    rows: standings(results).map(({ goal, standing }) => [
      goal.name,
      goal.target,
      standing.naive ?? '',
      standing.floor ?? '',
      standing.measured,
      verdictOn(goal, standing),
    ]),
  };
}

function verdictOn({ name, counts }: Goal, { isReached }: Standing): string {
  const why = NOT_REACHED_YET[name];
  if (isReached) return why === undefined ? 'reached' : 'reached, though listed as not reached yet';
  if (why !== undefined) return `not reached yet: ${why}`;
  return counts ? 'MISSED' : 'missed';
}

/** One row per contender, workload and latency; the ratios are to the floor of the same run. */
export function workloadsTable(results: Results): Table {
  const shown = results.measurements.filter(({ workload }) => !/^(marks|idle.*warm)/.test(workload));
  return {
    titles: [
      'workload',
      ...['of', 'latency'].map((title) => ({ count: title })),
      'by',
      ...['requests', 'read', 'write', 'US$', 'messages', 'wall', '×', 'CPU', '×', 'peak MB'].map(
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
        seconds(own.wallMs),
        ratio(own.wallMs, floor?.wallMs),
        seconds(own.cpuMs),
        ratio(own.cpuMs, floor?.cpuMs),
        (own.peakBytes / 1e6).toFixed(0),
      ];
    }),
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
    rows: bundles.map(({ name, bytes, loadCpuMs }) => [
      name,
      (bytes / 1_000).toFixed(0),
      `${loadCpuMs.toFixed(0)} ms`,
    ]),
  };
}

export const weightsTable = ({ weights }: Results): Table => ({
  titles: ["in the inspector's bundle", { count: 'kB' }],
  rows: weights.map(({ what, bytes }) => [what, (bytes / 1_000).toFixed(1)]),
});

export function monthTable({ month }: Results): Table {
  const total = month.reduce((sum, { dollars }) => sum + dollars, 0);
  const sum = month.length > 0 ? [['all of it', '', total.toFixed(3)]] : [];
  return {
    titles: ['a month, idle', 'how much', { count: 'US$' }],
    rows: [...month.map(({ what, amount, dollars }) => [what, amount, dollars.toFixed(3)]), ...sum],
  };
}

const ratio = (value: number, of: number | undefined): string =>
  of === undefined ? '' : (value / of).toFixed(2);
