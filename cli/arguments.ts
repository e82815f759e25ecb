import { Command, InvalidArgumentError } from 'commander';

/** What the command line asks for: the loop on its samples, or passes over a restore of the user's. */
export type Arguments = LoopArguments | RestoreArguments;

export interface LoopArguments {
  readonly file?: undefined;
  readonly json: boolean;
}

export interface RestoreArguments {
  /** The restore to load, `-` for standard input. */
  readonly file: string;
  readonly recover: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Milliseconds from one pass to the next; undefined: passes until nothing is due. */
  readonly watch?: number;
}

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000 } as const;

const DESCRIPTION = `Without options: submits two sample restores on this machine, copies, checks and
publishes them, while one worker dies and one source is missing, and compares
every object. It ends with 0 only if all of the first restore is there, and
nothing of the second.

With --file: loads a restore into tables, makes inspection passes over it, and
shows what they did.`;

const SAMPLE = 'cli/demo/restore.ndjson';

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
    .description(DESCRIPTION)
    .option(
      '--file <restore.ndjson>',
      `a restore in Milvus' proto JSON, one record per line, such as ${SAMPLE}; - for standard input`,
    )
    .option('--recover', 'with --file: begin with a recovery pass')
    .option('--dry-run', 'with --file: one pass that writes nothing and shows its plan')
    .option(
      '--watch <interval>',
      'with --file: make a pass every interval, such as 2s, until Ctrl-C',
      parseInterval,
    )
    .option('--json', 'print one JSON document instead of text; with --watch, one report per line')
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse(argv as string[]);
  const { file, json = false, ...passes } = command.opts<Partial<RestoreArguments>>();
  if (file !== undefined) return { recover: false, dryRun: false, json, ...passes, file };
  for (const option of command.options)
    if (option.attributeName() in passes)
      command.error(
        `error: ${option.long} goes with --file, such as: npm start -- --file ${SAMPLE} ${option.flags.replace('<interval>', '2s')}`,
      );
  return { json };
}
