import { TWO_CLIENTS } from './bundles/measure-bundles.ts';
import type { Contender } from './contenders/bundle-contenders.ts';
import type { Measurement } from './measure.ts';
import type { MonthItem } from './month.ts';
import { count, kilobytes, megabytes, seconds } from './report/format.ts';
import { measurementsOf, type Results, steadiestOf } from './results.ts';

/** How a goal compares, as the table shows it. */
export interface Standing {
  readonly naive?: string;
  readonly floor?: string;
  readonly measured: string;
  /** What `measured` shows as one number, by which a goal that is not reached yet is held to its ceiling. */
  readonly value: number;
  readonly isReached: boolean;
}

export interface Goal {
  /** No two have the same. */
  readonly name: string;
  readonly target: string;
  /** What it counts is the same in every run: to miss it ends the benchmark with 1. Times are reported. */
  readonly counts: boolean;
  /** @returns undefined if this run has not measured it */
  standing(results: Results): Standing | undefined;
}

const REQUESTS_OF_NOTHING = 8;

/** Requests and units of passes that find nothing due. */
const costsNothing = (workload: string): Goal => ({
  name: `${workload}: requests, units`,
  target: `${REQUESTS_OF_NOTHING} requests, 4 read, 0 write at any size`,
  counts: true,
  standing(results) {
    const passes = measurementsOf(results, { workload, contender: 'project' });
    if (passes.length === 0) return undefined;
    const isReached = passes.every(
      ({ totalRequests, readUnits, writeUnits }) =>
        totalRequests === REQUESTS_OF_NOTHING && readUnits <= 4 && writeUnits === 0,
    );
    const show = (one: Measurement | undefined): string =>
      one ? `${count(one.totalRequests)}, ${count(one.readUnits)}, ${count(one.writeUnits)}` : '';
    const value = Math.max(...passes.map(({ totalRequests }) => totalRequests));
    return { ...others(results, workload, show), measured: show(passes[0]), value, isReached };
  },
});

interface Against {
  readonly name: string;
  readonly workload: string;
  readonly value: (measurement: Measurement) => number;
  readonly show?: (value: number) => string;
  /** The most, as a multiple of what the floor takes. */
  readonly factor: number;
  readonly latencyMs?: number;
  readonly counts: boolean;
}

const againstFloor = ({ name, workload, value, show = count, factor, latencyMs, counts }: Against): Goal => ({
  name,
  target: `≤ ${factor} × the floor`,
  counts,
  standing(results) {
    const wanted = { workload, ...(latencyMs !== undefined && { latencyMs }) };
    const all = { ...wanted, contender: 'floor' } as const;
    const floor = counts ? measurementsOf(results, all)[0] : steadiestOf(results, all);
    if (floor === undefined) return undefined;
    const [own] = measurementsOf(results, { ...wanted, contender: 'project', ...placeOf(floor) });
    if (own === undefined) return undefined;
    const ratio = value(own) / value(floor);
    const shown = (one: Measurement | undefined): string => (one ? show(value(one)) : '');
    const [naive] = measurementsOf(results, { ...wanted, contender: 'naive', ...placeOf(floor) });
    return {
      naive: shown(naive),
      floor: shown(floor),
      measured: `${shown(own)} (${ratio.toFixed(2)} ×)`,
      value: ratio,
      isReached: ratio <= factor,
    };
  },
});

const placeOf = ({ size, latencyMs }: Measurement) => ({ size, latencyMs });

const units = ({ readUnits, writeUnits }: Measurement): number => readUnits + writeUnits;

const month = (name: string, isCounted: (item: MonthItem) => boolean): Goal => ({
  name,
  target: '≤ US$ 0.20',
  counts: true,
  standing(results) {
    const items = results.month.filter(({ isExtra = false }) => !isExtra).filter(isCounted);
    if (items.length === 0) return undefined;
    const value = items.reduce((sum, { dollars }) => sum + dollars, 0);
    return { measured: `US$ ${value.toFixed(3)}`, value, isReached: value <= 0.2 };
  },
});

/** Requests depend on how many records come together; writes do not. */
const writesOfReaction = (what: string, most: number): Goal => ({
  name: `reactions: ${what}, write units per task`,
  target: `≤ ${most}`,
  counts: true,
  standing({ reactions }) {
    const found = reactions.filter((reaction) => reaction.what.startsWith(what));
    if (found.length === 0) return undefined;
    const value = Math.max(...found.map(({ writeUnits }) => writeUnits));
    return { measured: count(value), value, isReached: value <= most };
  },
});

export const GOALS: readonly Goal[] = [
  costsNothing('idle'),
  costsNothing('waiting'),
  againstFloor({
    name: 'busy: requests',
    workload: 'busy',
    value: ({ totalRequests }) => totalRequests,
    factor: 1.05,
    counts: true,
  }),
  againstFloor({ name: 'busy: units', workload: 'busy', value: units, factor: 1.05, counts: true }),
  againstFloor({
    name: 'busy: wall time at 5 ms, against the floor',
    workload: 'busy',
    value: ({ wallMs }) => wallMs,
    show: seconds,
    factor: 1.25,
    latencyMs: 5,
    counts: false,
  }),
  {
    name: 'busy: wall time at 5 ms, against the naive port',
    target: '≥ 5 × faster than naive',
    counts: false,
    standing(results) {
      const naive = steadiestOf(results, { workload: 'busy', contender: 'naive', latencyMs: 5 });
      const own = steadiestOf(results, { workload: 'busy', contender: 'project', latencyMs: 5 });
      if (naive?.size !== own?.size || naive === undefined || own === undefined) return undefined;
      const ratio = naive.wallMs / own.wallMs;
      return {
        naive: seconds(naive.wallMs),
        measured: `${seconds(own.wallMs)} (${ratio.toFixed(1)} × faster)`,
        value: ratio,
        isReached: ratio >= 5,
      };
    },
  },
  againstFloor({
    name: 'busy: CPU at 5 ms',
    workload: 'busy',
    value: ({ cpuMs }) => cpuMs,
    show: seconds,
    factor: 1.3,
    latencyMs: 5,
    counts: false,
  }),
  {
    name: 'the minute at 5 ms',
    target: '≥ 250,000 tasks enqueued',
    counts: false,
    standing(results) {
      const [own] = measurementsOf(results, { workload: 'the minute', contender: 'project' });
      if (own === undefined || own.size < 250_000) return undefined;
      const show = (one: Measurement | undefined): string => (one ? count(one.messages) : '');
      return {
        ...others(results, 'the minute', show),
        measured: show(own),
        value: own.messages,
        isReached: own.messages >= 250_000,
      };
    },
  },
  {
    name: 'memory: resident at its peak',
    target: '≤ 200 MB with 1,000,000 due',
    counts: true,
    standing(results) {
      const [own] = measurementsOf(results, { workload: 'the minute', contender: 'project' });
      if (own === undefined || own.size < 1_000_000) return undefined;
      const show = (one: Measurement | undefined): string => (one ? megabytes(one.peakBytes) : '');
      return {
        ...others(results, 'the minute', show),
        measured: show(own),
        value: own.peakBytes,
        isReached: own.peakBytes <= 200e6,
      };
    },
  },
  {
    name: 'memory: flat',
    target: '≤ 1.1 × that with 10,000 due',
    counts: true,
    standing(results) {
      const passes = measurementsOf(results, { workload: 'the minute', contender: 'project' });
      const few = passes.find(({ size }) => size === 10_000);
      const [many] = passes;
      if (few === undefined || many === undefined || many === few) return undefined;
      const ratio = many.peakBytes / few.peakBytes;
      return {
        measured: `${megabytes(many.peakBytes)} of ${megabytes(few.peakBytes)} (${ratio.toFixed(2)} ×)`,
        value: ratio,
        isReached: ratio <= 1.1,
      };
    },
  },
  {
    name: 'recovery: requests, units',
    target: 'ten times the tables, at most 10.5 × of both',
    counts: true,
    standing(results) {
      const workload = 'recovery, jobs of 10';
      const walks = measurementsOf(results, { workload, contender: 'project', latencyMs: 0 });
      const large = walks[0];
      const small = walks.find(({ size }) => size * 10 === large?.size);
      if (large === undefined || small === undefined) return undefined;
      const show = (one: Measurement | undefined): string =>
        one ? `${count(one.totalRequests)}, ${count(units(one))}` : '';
      const value = Math.max(large.totalRequests / small.totalRequests, units(large) / units(small));
      const measured = `${show(large)} of ${show(small)}`;
      return { ...others(results, workload, show), measured, value, isReached: value <= 10.5 };
    },
  },
  ...(['submit', 'publish'] as const).map((workload) =>
    againstFloor({
      name: `${workload}: requests`,
      workload,
      value: ({ totalRequests }) => totalRequests,
      factor: 1.05,
      counts: true,
    }),
  ),
  {
    name: 'a mark of a task of 100 mappings',
    target: '≤ 4 write units in the compact form',
    counts: true,
    standing(results) {
      const [marks] = measurementsOf(results, { workload: 'marks, 100 mappings, compact' });
      if (marks === undefined) return undefined;
      const perMark = marks.writeUnits / marks.size;
      return { measured: count(perMark), value: perMark, isReached: perMark <= 4 };
    },
  },
  {
    name: 'bundle of the inspector',
    target: '≤ 300 kB',
    counts: true,
    standing({ bundles }) {
      const own = bundles.find(({ name }) => name === 'inspector');
      const clients = bundles.find(({ name }) => name === TWO_CLIENTS);
      if (own === undefined || clients === undefined) return undefined;
      return {
        floor: `${kilobytes(clients.bytes)} (${TWO_CLIENTS})`,
        measured: kilobytes(own.bytes),
        value: own.bytes,
        isReached: own.bytes <= 300_000,
      };
    },
  },
  {
    name: 'cold start: CPU until the handler can be called',
    target: `≤ 0.75 × ${TWO_CLIENTS}`,
    counts: false,
    standing({ bundles }) {
      const own = bundles.find(({ name }) => name === 'inspector');
      const clients = bundles.find(({ name }) => name === TWO_CLIENTS);
      if (own === undefined || clients === undefined) return undefined;
      const ratio = own.loadCpuMs / clients.loadCpuMs;
      return {
        floor: `${clients.loadCpuMs.toFixed(0)} ms`,
        measured: `${own.loadCpuMs.toFixed(0)} ms (${ratio.toFixed(2)} ×)`,
        value: ratio,
        isReached: ratio <= 0.75,
      };
    },
  },
  month('a month, idle, everything but alarms and dashboard', ({ isWatching = false }) => !isWatching),
  month('a month, idle, everything the stack makes', () => true),
  writesOfReaction('Pending → message', 3),
  // 98 targets, and two units for a task of 98 compact mappings.
  writesOfReaction('Failed → Dropped', 100),
  {
    name: 'reactions: Pending → message, 99 % of single tasks',
    target: '≤ 1 s',
    counts: false,
    standing({ reactions }) {
      const found = reactions.find(({ what }) => what === 'Pending → message, one by one');
      if (found === undefined) return undefined;
      const value = found.percentile99Ms;
      return { measured: `${count(value)} ms`, value, isReached: value <= 1_000 };
    },
  },
];

/** What the two others take for the largest size of a workload that they were given. */
function others(
  results: Results,
  workload: string,
  show: (one: Measurement | undefined) => string,
): Pick<Standing, 'naive' | 'floor'> {
  const first = (contender: Contender) => measurementsOf(results, { workload, contender })[0];
  return { naive: show(first('naive')), floor: show(first('floor')) };
}
