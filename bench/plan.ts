import type { Work } from './contenders/assignment.ts';
import type { Contender } from './contenders/bundle-contenders.ts';
import {
  busy,
  catastrophe,
  copied,
  type Dataset,
  empty,
  finished,
  manyDue,
  pending,
  waiting,
} from './data/datasets.ts';
import type { Form } from './data/rows.ts';
import { type ReactionRun, reactionsOf } from './reaction-runs.ts';
import { type Run, WARM_PASSES, type Workload } from './workload.ts';

/** What a run of the benchmark measures. */
export interface Plan {
  readonly workloads: readonly Workload[];
  readonly reactions: readonly ReactionRun[];
}

const at = (latencyMs: number, ...contenders: Contender[]): Run[] =>
  contenders.map((contender) => ({ contender, latencyMs }));

const everybody = (...latencies: number[]): Run[] =>
  latencies.flatMap((latencyMs) => at(latencyMs, 'naive', 'project', 'floor'));

const lean = (...latencies: number[]): Run[] =>
  latencies.flatMap((latencyMs) => at(latencyMs, 'project', 'floor'));

/** What many workloads have in common. */
interface Shape extends Pick<Workload, 'size' | 'runs'> {
  readonly data?: Dataset;
  readonly turns?: number;
}

const idle = ({ size, runs, data = finished(size, 10) }: Shape): Workload => ({
  name: 'idle',
  size,
  work: 'inspect',
  data,
  sharesEngine: true,
  effect: { messages: 0 },
  runs,
});

const idleWarm = (name: string, work: Work): Workload => ({
  ...idle({ size: 1_000, runs: at(5, 'project') }),
  name,
  work,
  times: WARM_PASSES,
});

const waitingFor = ({ size, runs }: Shape): Workload => ({
  name: 'waiting',
  size,
  work: 'inspect',
  data: waiting(size),
  sharesEngine: true,
  effect: { messages: 0 },
  naiveEffect: { messages: size },
  runs,
});

const busyWith = ({ size, runs, data = busy(size), turns = 1 }: Shape): Workload => ({
  name: 'busy',
  size,
  work: 'inspect',
  data,
  effect: { messages: size, dropped: size, marked: size, settled: size / 10 },
  naiveEffect: { messages: size, dropped: size },
  turns,
  runs,
});

const droppedBefore = (shape: Shape): Workload => ({
  ...busyWith({ ...shape, data: busy(shape.size, 'Dropped') }),
  name: 'busy, all dropped before',
  readsFirst: true,
});

const catastropheOf = ({ size, runs }: Shape): Workload => ({
  name: 'catastrophe',
  size,
  work: 'inspect',
  data: catastrophe(size),
  effect: { messages: 0, dropped: size },
  runs,
});

const recoveryOf = (name: string, shape: Shape): Workload => ({ ...idle(shape), name, work: 'recover' });

const submitOf = ({ size, runs }: Shape): Workload => ({
  name: 'submit',
  size,
  work: 'submit',
  data: empty,
  effect: { importing: size },
  runs,
});

const publicationOf = ({ size, runs }: Shape): Workload => ({
  name: 'publish',
  size,
  work: 'check',
  data: copied(size),
  effect: { flushed: size },
  runs,
});

const marks = (mappings: number, form: Form): Workload => ({
  name: `marks, ${mappings} mappings, ${form}`,
  size: 200,
  work: 'inspect',
  data: pending(200, { mappings, form }),
  effect: { messages: 200, marked: 200 },
  runs: at(0, 'project'),
});

const minute = ({ size, runs }: Shape): Workload => ({
  name: 'the minute',
  size,
  work: 'minute',
  data: manyDue(size),
  sharesEngine: true,
  marksMessages: true,
  runs,
});

const MARKS = [marks(10, 'list'), marks(10, 'compact'), marks(100, 'list'), marks(100, 'compact')];
const WARM = [idleWarm('idle, warm', 'inspect'), idleWarm('idle check, warm', 'check')];
const SMALL_JOBS = 'recovery, jobs of 10';

/** A history that is only read: a walk over it and a pass that finds nothing due share it. */
const HUNDRED_THOUSAND = finished(100_000, 10);
const MILLION = finished(1_000_000, 10);

/** How often what a goal for a time is about is measured. */
const TURNS = 3;

const BUSY = busy(10_000);

/** About half an hour on two quiet cores; what is left out of it, docs/benchmarks.md has with its reasons. */
export const FULL: Plan = {
  workloads: [
    ...WARM,
    idle({ size: 10_000, runs: everybody(0, 5) }),
    recoveryOf(SMALL_JOBS, { size: 10_000, data: finished(10_000, 10), runs: everybody(0, 5) }),
    idle({ size: 100_000, data: HUNDRED_THOUSAND, runs: [...everybody(0), ...lean(5)] }),
    recoveryOf(SMALL_JOBS, { size: 100_000, data: HUNDRED_THOUSAND, runs: [...everybody(0), ...lean(5)] }),
    recoveryOf('recovery, jobs of 10,000', {
      size: 100_000,
      data: finished(100_000, 10_000),
      runs: everybody(0),
    }),
    waitingFor({ size: 10_000, runs: everybody(0, 5) }),
    waitingFor({ size: 100_000, runs: everybody(0) }),
    busyWith({ size: 10_000, data: BUSY, runs: everybody(0) }),
    busyWith({ size: 10_000, data: BUSY, runs: everybody(5), turns: TURNS }),
    droppedBefore({ size: 10_000, runs: everybody(0) }),
    catastropheOf({ size: 10_000, runs: everybody(0, 5) }),
    catastropheOf({ size: 100_000, runs: everybody(0) }),
    submitOf({ size: 10_000, runs: everybody(0, 5) }),
    submitOf({ size: 100_000, runs: everybody(0) }),
    publicationOf({ size: 10_000, runs: everybody(0, 5) }),
    publicationOf({ size: 100_000, runs: lean(0) }),
    ...MARKS,
    // The memory of a pass, by what is due.
    minute({ size: 10_000, runs: at(5, 'project') }),
    minute({ size: 100_000, runs: at(5, 'project') }),
    minute({ size: 1_000_000, runs: everybody(5) }),
    idle({ size: 1_000_000, data: MILLION, runs: everybody(0) }),
    recoveryOf(SMALL_JOBS, { size: 1_000_000, data: MILLION, runs: lean(0) }),
  ],
  reactions: reactionsOf({ oneByOne: 200, atOnce: 500 }),
};

/** Under two minutes: what counts requests, units and bytes. */
export const SMALL: Plan = {
  workloads: [
    ...WARM,
    idle({ size: 1_000, runs: everybody(0) }),
    waitingFor({ size: 500, runs: everybody(0) }),
    busyWith({ size: 2_000, runs: everybody(0) }),
    droppedBefore({ size: 500, runs: lean(0) }),
    catastropheOf({ size: 2_000, runs: lean(0) }),
    recoveryOf(SMALL_JOBS, { size: 1_000, runs: lean(0) }),
    recoveryOf(SMALL_JOBS, { size: 10_000, runs: lean(0) }),
    submitOf({ size: 2_000, runs: everybody(0) }),
    publicationOf({ size: 2_000, runs: lean(0) }),
    ...MARKS.filter(({ name }) => name.includes('100')),
  ],
  reactions: reactionsOf({ oneByOne: 20, atOnce: 50 }),
};
