import { startEmbeddedDynamoDB } from '../engines/embedded-dynamodb.ts';
import type { Engine } from '../engines/engine.ts';
import type { Effort } from './contenders/assignment.ts';
import type { Contender, ContenderBundles } from './contenders/bundle-contenders.ts';
import { runContender } from './contenders/run-contender.ts';
import type { Dataset } from './data/datasets.ts';
import { type Export, writeExport } from './data/write-export.ts';
import { assertEffect, lookAt } from './effect.ts';
import { cpuOfGroup } from './engines/cpu-of-group.ts';
import type { EngineSide } from './engines/start-engine-side.ts';
import type { WireCounts } from './engines/wire.ts';
import { priceOf } from './prices.ts';
import type { Run, Workload } from './workload.ts';

/** What one contender took for one workload. */
export interface Measurement extends WireCounts, Effort {
  readonly workload: string;
  readonly size: number;
  readonly contender: Contender;
  readonly latencyMs: number;
  readonly totalRequests: number;
  /** Of DynamoDB and SQS. */
  readonly dollars: number;
  /** What DynamoDB's process computed meanwhile; where there is no /proc, nobody knows. */
  readonly engineCpuMs?: number;
  /** What the process of wire and SQS computed meanwhile. */
  readonly wireCpuMs?: number;
  /** Of several runs, of which this is the median. */
  readonly spread?: Spread;
}

/** The least and the most. */
export type Range = readonly [number, number];

export interface Spread {
  readonly runs: number;
  readonly wallMs: Range;
  readonly cpuMs: Range;
}

/** What a pass has from one tick of the schedule to the next. */
const MINUTE_MS = 60_000;

export interface Bench {
  readonly side: EngineSide;
  readonly bundles: ContenderBundles;
  readonly stage: Stage;
}

/** Where contenders meet their data. */
export interface Stage {
  /** An engine that holds a dataset: a fresh one, or the last one if it holds the same and may be shared. */
  engineWith(dataset: Dataset, isShared: boolean): Promise<Engine>;
  clear(): Promise<void>;
}

/** Keeps the last dataset and engine for whoever needs the same: a million tasks are loaded once. */
export function createStage(): Stage {
  let dataset: Dataset | undefined;
  let data: Export | undefined;
  let engine: Engine | undefined;
  const clear = async (): Promise<void> => {
    await engine?.stop();
    await data?.remove();
    dataset = data = engine = undefined;
  };
  return {
    async engineWith(wanted, isShared) {
      if (wanted !== dataset) await clear();
      dataset = wanted;
      data ??= await writeExport(wanted);
      if (engine !== undefined && isShared) return engine;
      await engine?.stop();
      engine = await startEmbeddedDynamoDB(data);
      return engine;
    },
    clear,
  };
}

/**
 * Runs the contenders of a workload one after the other, each on the same data, in as many turns as it asks for.
 *
 * @param onFailure called for a contender that failed, or did not do what the others do
 * @param onTurn called for each run; what is yielded is the median of a contender's
 */
export async function* measure(
  bench: Bench,
  workload: Workload,
  onFailure: (error: unknown) => void,
  onTurn: (measurement: Measurement, turn: number, turns: number) => void = () => {},
): AsyncGenerator<Measurement> {
  const { turns = 1, runs, data, sharesEngine = false } = workload;
  const samples = new Map<Run, Measurement[]>(runs.map((run) => [run, []]));
  for (let turn = 1; turn <= turns; turn++)
    for (const run of runs) {
      const engine = await bench.stage.engineWith(data, sharesEngine);
      try {
        const all = samples.get(run) ?? [];
        const measurement = await measureRun(bench, workload, run, engine);
        all.push(measurement);
        onTurn(measurement, turn, turns);
        if (turn === turns) yield medianOf(all);
      } catch (error) {
        onFailure(error);
      }
    }
}

async function measureRun(
  { side, bundles }: Bench,
  workload: Workload,
  { contender, latencyMs }: Run,
  { endpoint: dynamo, processGroup }: Engine,
): Promise<Measurement> {
  const { name, size, work, times = 1, readsFirst = false, marksMessages = false } = workload;
  const isMarking = marksMessages && contender !== 'naive';
  const markedBefore = isMarking ? await markedIn(dynamo) : 0;
  const { endpoint, queueUrl } = await side.lead(dynamo, latencyMs);
  const engineCpu = (): number | undefined =>
    processGroup === undefined ? undefined : cpuOfGroup(processGroup);
  const before = engineCpu();
  const effort = await runContender(contender, bundles.files[contender], {
    work,
    endpoint,
    queueUrl,
    segments: size,
    minuteMs: MINUTE_MS,
    times,
    readsFirst,
  });
  const after = engineCpu();
  const counts = await side.counts();
  const { queued: _, ...counted } = counts;
  const wanted = contender === 'naive' ? (workload.naiveEffect ?? workload.effect) : workload.effect;
  await assertEffect({ ...wanted, ...(isMarking && { marked: counts.messages }) }, counts, dynamo, {
    whose: `${contender}, ${name} of ${size}`,
    markedBefore,
  });
  return {
    workload: name,
    size,
    contender,
    latencyMs,
    ...counted,
    totalRequests: Object.values(counts.requests).reduce((sum, count) => sum + count, 0),
    dollars: priceOf(counts),
    ...effort,
    ...(before !== undefined && after !== undefined && { engineCpuMs: after - before }),
  };
}

async function markedIn(endpoint: string): Promise<number> {
  const look = lookAt(endpoint);
  try {
    return await look.marked();
  } finally {
    look.close();
  }
}

/** The run whose wall time is the median one, with the median of the CPU and the highest peak. */
export function medianOf(samples: readonly Measurement[]): Measurement {
  const sorted = (value: (one: Measurement) => number): number[] => samples.map(value).sort((a, b) => a - b);
  const middle = samples.toSorted((a, b) => a.wallMs - b.wallMs)[samples.length >> 1];
  if (middle === undefined) throw new Error('nothing was measured');
  if (samples.length === 1) return middle;
  const cpu = sorted(({ cpuMs }) => cpuMs);
  const range = (values: readonly number[]): Range => [values[0] as number, values.at(-1) as number];
  return {
    ...middle,
    cpuMs: cpu[cpu.length >> 1] as number,
    peakBytes: Math.max(...samples.map(({ peakBytes }) => peakBytes)),
    spread: { runs: samples.length, wallMs: range(sorted(({ wallMs }) => wallMs)), cpuMs: range(cpu) },
  };
}
