import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { inject } from 'vitest';
import { runCommandLine } from '../../cli/command-line.ts';
import type { ExitCode } from '../../cli/commands/exit-code.ts';
import type { Output, Surroundings } from '../../cli/surroundings.ts';
import type { World } from './embedded-world.ts';

export interface CommandRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** What differs from a pipe without anybody at a terminal. */
export interface CommandSurroundings {
  readonly input?: string;
  /** Whoever writes to standard input has not come to the end. */
  readonly isInputOpen?: boolean;
  /** What somebody at the terminal answers; otherwise nobody is there. */
  readonly answer?: boolean | (() => Promise<boolean>);
  /** Columns of the terminal; otherwise the output is a pipe. */
  readonly width?: number;
  /** Lines of the terminal that a command may take. */
  readonly maxLines?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  /** What happens while the command waits; it waits no longer than that. */
  readonly sleep?: (ms: number) => void | Promise<void>;
  /** Instead of the engines of the run. */
  readonly dynamoEndpoint?: string;
  /** How the program is typed. */
  readonly program?: readonly string[];
  readonly sqsEndpoint?: string;
}

/** Runs a command line in this process, through its own entry: at the clock of a world, on the engines of the run. */
export async function commandLine(
  args: readonly string[],
  {
    input = '',
    isInputOpen,
    answer,
    width,
    maxLines,
    now = Date.now,
    signal,
    sleep,
    dynamoEndpoint,
    sqsEndpoint,
    program,
  }: CommandSurroundings = {},
): Promise<CommandRun> {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamoEndpoint ?? inject('dynamoEndpoint'),
    AWS_ENDPOINT_URL_SQS: sqsEndpoint ?? inject('sqsEndpoint'),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  const stdin = new PassThrough();
  stdin.write(input);
  if (!isInputOpen) stdin.end();
  const [stdout, stderr] = [collector(width, maxLines), collector(width, maxLines)];
  const surroundings: Surroundings = {
    out: stdout,
    err: stderr,
    stdin,
    now,
    program,
    signal: signal ?? new AbortController().signal,
    sleep: async (ms) => (sleep ? sleep(ms) : wait(ms)),
    confirm:
      answer === undefined ? undefined : async () => (typeof answer === 'boolean' ? answer : await answer()),
  };
  const code = await runCommandLine(args, surroundings);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** The options that name a world. */
export const optionsOf = ({ tables, queueUrl }: Pick<World, 'tables' | 'queueUrl'>): string[] => [
  ...['--jobs-table', tables.jobs, '--tasks-table', tables.tasks, '--segments-table', tables.segments],
  ...['--queue-url', queueUrl],
];

/** Runs a command on a world. */
export const commandOn = (
  world: World,
  args: readonly string[],
  surroundings: CommandSurroundings = {},
): Promise<CommandRun> =>
  commandLine([...args, ...optionsOf(world)], { now: () => world.clock.now, ...surroundings });

function collector(width: number | undefined, maxLines = 30): Output & { text(): string } {
  let all = '';
  return {
    screen:
      width === undefined
        ? { isTerminal: false, width: Number.POSITIVE_INFINITY, maxLines: 1_000 }
        : { isTerminal: true, width, maxLines },
    async write(text) {
      all += text;
    },
    text: () => all,
  };
}
