import { Command, InvalidArgumentError } from 'commander';

/** What the command line asks for. */
export interface Arguments {
  /** The restore to load, `-` for standard input; the sample that ships if none is named. */
  readonly file?: string;
  readonly recover: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Milliseconds from one pass to the next; undefined: passes until nothing is due. */
  readonly watch?: number;
}

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000 } as const;

/** @throws InvalidArgumentError for anything but a number and its unit, such as 2s or 500ms */
function parseInterval(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const interval = Number(count) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
  // Node's timers take a signed 32-bit number of milliseconds.
  if (!(interval >= 1 && interval < 2 ** 31))
    throw new InvalidArgumentError('It must be a time such as 2s, 500ms or 1m.');
  return interval;
}

/** Reads the command line; prints the help, or what is wrong, and exits where commander does. */
export function parseArguments(argv: readonly string[]): Arguments {
  const command = new Command('npm start --')
    .description(
      'Loads a restore into embedded DynamoDB tables, makes inspection passes over it, and shows what they did.',
    )
    .option(
      '--file <restore.ndjson>',
      "a restore in Milvus' proto JSON, one record per line; - for standard input (default: the sample)",
    )
    .option('--recover', 'begin with a recovery pass')
    .option('--dry-run', 'one pass that writes nothing and shows its plan')
    .option('--json', 'print one JSON document instead of tables; with --watch, one report per line')
    .option('--watch <interval>', 'make a pass every interval, such as 2s, until Ctrl-C', parseInterval)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse(argv as string[]);
  return { recover: false, dryRun: false, json: false, ...command.opts<Partial<Arguments>>() };
}
