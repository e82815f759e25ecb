import { Command, InvalidArgumentError, Option } from 'commander';

export interface Arguments {
  readonly small: boolean;
  readonly json: boolean;
  /** Parts of names of workloads; none: all. */
  readonly only: readonly string[];
  /** The largest workload to measure, in tasks. */
  readonly maxSize: number;
  readonly publish: boolean;
  readonly draw: boolean;
}

/** Why the benchmark ends when it cannot do as it is told; 1 says that something was missed. */
export const EXIT_USAGE = 2;

/** Ends the process when it does not understand. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { only = [], maxSize = Number.POSITIVE_INFINITY, ...flags } = command().parse(argv).opts();
  return { ...flags, only, maxSize } as Arguments;
}

const command = (): Command =>
  new Command('npm run bench --')
    .description(
      'Measures the naive port, this project and the floor on the same data. Ends with 1 when a goal that counts requests, units or bytes is missed.',
    )
    .option('--small', 'smaller workloads, in about a minute', false)
    .option('--json', 'print what was measured, goals and verdicts as JSON', false)
    .option('--only <names...>', 'only workloads whose name contains one of these')
    .option('--max-size <count>', 'only workloads of up to this many tasks', toCount)
    .addOption(
      // A part of the results would leave holes in the page.
      new Option('--publish', 'write the results, the charts and the tables of docs/benchmarks.md')
        .default(false)
        .conflicts(['small', 'only', 'maxSize', 'draw']),
    )
    .addOption(
      new Option('--draw', 'as --publish, from the results that are checked in: measures nothing')
        .default(false)
        .conflicts(['small', 'only', 'maxSize']),
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE));

function toCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a number of tasks.');
  return Number(text);
}
