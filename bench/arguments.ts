import { Command, InvalidArgumentError } from 'commander';

export interface Arguments {
  readonly small: boolean;
  readonly json: boolean;
  /** Parts of names of workloads; none: all. */
  readonly only: readonly string[];
  readonly maxSize: number;
  readonly publish: boolean;
  readonly draw: boolean;
}

export function parseArguments(argv: readonly string[]): Arguments {
  return new Command('npm run bench --')
    .description(
      'Measures the naive port, this project and the floor on the same data. Ends with 1 when a goal that counts requests, units or bytes is missed.',
    )
    .option('--small', 'smaller workloads, in about a minute', false)
    .option('--json', 'print what was measured as JSON', false)
    .option('--only <names...>', 'only workloads whose name contains one of these', [])
    .option('--max-size <count>', 'only workloads of up to so many tasks', toCount, Number.POSITIVE_INFINITY)
    .option('--publish', 'write the results, the charts and the tables of docs/benchmarks.md', false)
    .option('--draw', 'as --publish, from the results that are checked in: measures nothing', false)
    .parse(argv)
    .opts<Arguments>();
}

function toCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a number of tasks.');
  return Number(text);
}
