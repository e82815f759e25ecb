import type { Contender } from './contenders/bundle-contenders.ts';
import type { Measurement } from './measure.ts';
import { kilobytes, megabytes, seconds } from './report/format.ts';
import { measurementsOf, type Results, steadiestOf, type Wanted } from './results.ts';

/** Why a goal is missed, and how far it may be. */
export interface Finding {
  /**
   * What a goal that counts requests, units or bytes may come to, in the unit of its `value`: beyond it the benchmark ends
   * with 1. Times are this machine's, and have none.
   */
  readonly atMost?: number;
  /** In a sentence or two, with the numbers of the run. */
  why(results: Results): string;
}

/**
 * A finding for each goal that is known to be missed, or may be on two cores. One that counts and is reached is to be
 * struck off here.
 */
export const NOT_REACHED_YET: Readonly<Record<string, Finding>> = {
  'busy: wall time at 5 ms, against the floor': {
    why: (results) => whoComputes(results, { workload: 'busy', latencyMs: 5 }, ['project', 'floor']),
  },
  'busy: wall time at 5 ms, against the naive port': {
    why(results) {
      const at = { workload: 'busy', latencyMs: 5 };
      const naive = steadiestOf(results, { ...at, contender: 'naive' });
      const own = steadiestOf(results, { ...at, contender: 'project' });
      const ratio = naive && own ? (naive.cpuMs / own.cpuMs).toFixed(1) : '?';
      return `the engines are on the same cores. ${whoComputes(results, at, ['naive', 'project'])}; without the engines, the naive port computes ${ratio} × as long`;
    },
  },
  'busy: CPU at 5 ms': {
    why: (results) => whoComputes(results, { workload: 'busy', latencyMs: 5 }, ['project', 'floor']),
  },
  'the minute at 5 ms': {
    why: (results) => whoComputes(results, { workload: 'the minute' }, ['project', 'floor']),
  },
  'memory: flat': {
    atMost: 1.4,
    why: (results) =>
      measurementsOf(results, MINUTE)
        .slice(0, 2)
        .map((pass) => `${pass.size.toLocaleString('en')} due: ${whatIsResident(results, pass)}`)
        .join('; '),
  },
  'bundle of the inspector': {
    atMost: 340_000,
    why({ weights }) {
      const [core, ...others] = weights;
      const named = others.filter(({ what }) => ['logger', 'document client', 'valibot'].includes(what));
      const rest = named.reduce((sum, { bytes }) => sum + bytes, 0);
      return core
        ? `${kilobytes(core.bytes)} are ${core.what}; logger, document client and valibot are ${kilobytes(rest)}`
        : 'what is in it was not weighed';
    },
  },
  'cold start: CPU until the handler can be called': {
    why: ({ weights }) =>
      weights
        .slice(0, 3)
        .map(({ what, bytes }) => `${kilobytes(bytes)} of ${what}`)
        .join(', '),
  },
  'a month, idle, everything but alarms and dashboard': {
    atMost: 0.26,
    why: ({ month }) =>
      month
        .filter(({ isWatching = false, isExtra = false }) => !isWatching && !isExtra)
        .toSorted((a, b) => b.dollars - a.dollars)
        .slice(0, 3)
        .map(({ what, dollars }) => `${what} ${dollars.toFixed(3)}`)
        .join(', '),
  },
  'a month, idle, everything the stack makes': {
    atMost: 4.3,
    why({ month }) {
      const watching = month.filter(({ isWatching = false }) => isWatching);
      const bill = watching.map(({ what, dollars }) => `${what} ${dollars.toFixed(2)}`).join(', ');
      return `at list price ${bill || 'alarms and dashboard'} cost more by themselves; an account's first ten alarms and three dashboards cost nothing`;
    },
  },
};

const MINUTE: Wanted = { workload: 'the minute', contender: 'project' };

/** How each contender's wall time is spent by those who share the processor: itself, DynamoDB, the wire with SQS. */
function whoComputes(results: Results, wanted: Wanted, contenders: readonly Contender[]): string {
  const cores = Number.parseInt(results.machine, 10);
  const parts = contenders.flatMap((contender) => {
    const one = steadiestOf(results, { ...wanted, contender });
    return one?.engineCpuMs === undefined || one.wireCpuMs === undefined
      ? []
      : [`${NAMED[contender]}: ${shares(one, cores)}`];
  });
  return parts.length > 0 ? parts.join('; ') : 'this run did not measure what the engines compute';
}

const NAMED: Readonly<Record<Contender, string>> = {
  naive: 'the naive port',
  project: 'this project',
  floor: 'the floor',
};

function shares({ wallMs, cpuMs, engineCpuMs = 0, wireCpuMs = 0 }: Measurement, cores: number): string {
  const percent = (ms: number): string => `${((100 * ms) / wallMs).toFixed(0)} %`;
  const busy = (100 * (cpuMs + engineCpuMs + wireCpuMs)) / (wallMs * cores);
  return `${seconds(wallMs)}, in which it computes for ${percent(cpuMs)}, DynamoDB for ${percent(engineCpuMs)}, wire and SQS for ${percent(wireCpuMs)} (${busy.toFixed(0)} % of ${cores} cores)`;
}

/** What a pass holds at its peak, beside a pass that finds nothing to do. */
function whatIsResident(results: Results, pass: Measurement | undefined): string {
  if (pass?.memory === undefined) return 'this run did not measure what is resident';
  const [idle] = measurementsOf(results, { workload: 'idle', contender: 'project' });
  const { resident, heap, heapUsed, buffers } = pass.memory;
  const beside = idle ? `; a pass with nothing to do is resident in ${megabytes(idle.peakBytes)}` : '';
  return `of ${megabytes(resident)}, V8's heap is ${megabytes(heap)}, ${megabytes(heapUsed)} of it objects or garbage, and ${megabytes(buffers)} are buffers${beside}`;
}
