import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import type { BundleMeasurement } from './bundles/measure-bundles.ts';
import type { Weight } from './bundles/weigh.ts';
import type { Contender } from './contenders/bundle-contenders.ts';
import type { Measurement } from './measure.ts';
import type { MonthItem } from './month.ts';
import { PRICES } from './prices.ts';
import type { Reaction } from './reactions.ts';

/** What a run of the benchmark found; checked in as docs/benchmarks/results.json. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly pricesAsOf: string;
  /** What `npm run bench --` was called with. */
  readonly arguments: readonly string[];
  readonly measurements: readonly Measurement[];
  readonly reactions: readonly Reaction[];
  readonly bundles: readonly BundleMeasurement[];
  /** What is in the inspector's bundle. */
  readonly weights: readonly Weight[];
  readonly month: readonly MonthItem[];
}

type Circumstances = Pick<Results, 'date' | 'machine' | 'versions' | 'pricesAsOf' | 'arguments'>;

export const circumstances = (): Circumstances => ({
  arguments: process.argv.slice(2),
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
  versions: {
    Node: process.versions.node,
    ...Object.fromEntries(
      ['@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs', '@dynoxide/linux-x64', 'fauxqs', 'esbuild'].map(
        (name) => [name, versionOf(name)],
      ),
    ),
  },
  pricesAsOf: PRICES.asOf,
});

/** From its folder: not every package exports its package.json. */
function versionOf(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')).version;
    } catch {}
  }
  return 'not installed';
}

export interface Wanted {
  readonly workload: string;
  readonly contender?: Contender;
  readonly size?: number;
  readonly latencyMs?: number;
}

/** The measurements of a workload; without a size or a latency, all of them, the largest first, then the slowest wire. */
export const measurementsOf = (
  { measurements }: Pick<Results, 'measurements'>,
  wanted: Wanted,
): Measurement[] =>
  measurements
    .filter((measurement) =>
      Object.entries(wanted).every(([name, value]) => measurement[name as keyof Measurement] === value),
    )
    .sort((a, b) => b.size - a.size || b.latencyMs - a.latencyMs);

/** Of the measurements of a workload the one that times are judged by: the median of several runs, else the largest. */
export function steadiestOf(results: Pick<Results, 'measurements'>, wanted: Wanted): Measurement | undefined {
  const all = measurementsOf(results, wanted);
  return all.find(({ spread }) => spread !== undefined) ?? all[0];
}
