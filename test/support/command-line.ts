import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export const PROJECT = join(import.meta.dirname, '../..');
export const START = join(PROJECT, 'cli/start.ts');
export const COPY_SEGMENT = join(PROJECT, 'cli/copy-segment.cjs');
export const SAMPLE = join(PROJECT, 'cli/demo/restore.ndjson');
/** Passes over the sample restore. */
export const WITH_SAMPLE = ['--file', 'cli/demo/restore.ndjson'] as const;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program, if it is not the one of `npm start`. */
  readonly program?: string;
  /** Goes to standard input. */
  readonly input?: string | Uint8Array;
}

/** Runs the command as a user does who has not come here through npm. */
export function run(args: readonly string[], { env, cwd, program = START }: Surroundings = {}): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    env: { ...environment(), ...env },
    cwd: cwd ?? PROJECT,
  });
}

/** The environment without what npm, which may have started the tests, has put into it. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/.test(name)));

/** Runs the command to its end. */
export async function start(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const child = run(args, surroundings);
  child.stdin?.end(surroundings.input ?? '');
  return end(child);
}

/** Runs the command in a terminal of 80 columns, and returns what it shows there, without colours. */
export async function startInTerminal(
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ended> {
  const child = terminal(
    `stty cols 80 rows 40; exec ${process.execPath} ${surroundings.program ?? START} ${args.join(' ')}`,
    surroundings,
  );
  child.stdin?.end();
  const ended = await end(child);
  return { ...ended, stdout: plain(ended.stdout) };
}

/**
 * Runs a command line in a terminal, which does not tell its size; what is written to its standard input is typed there.
 * A command that is ended from the keyboard begins with `exec`: a shell beside it gets the same Ctrl-C, and some shells
 * end with 130 for it, however well their command has ended.
 */
export function terminal(command: string, { env, cwd }: Surroundings = {}): ChildProcess {
  return spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    // The same shell on every machine: whether one gives its place to its last command is up to the shell.
    env: { ...environment(), SHELL: '/bin/sh', TERM: 'xterm', NO_COLOR: '1', ...env },
    cwd: cwd ?? PROJECT,
  });
}

export const plain = (shown: string): string => shown.replaceAll('\r\n', '\n');

export async function end(child: ChildProcess): Promise<Ended> {
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([collect(child.stdout), collect(child.stderr)]);
  const [code] = await exited;
  return { code, stdout, stderr };
}

const collect = (stream: ChildProcess['stdout']): Promise<string> =>
  stream ? text(stream) : Promise.resolve('');

/** Whatever runs because of a command that was given this marker in `STARTED_FOR_TEST`, itself included. */
export async function processesOf(marker: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const variables = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (variables.includes(`STARTED_FOR_TEST=${marker}\0`) && /dynoxide|start\.ts/.test(command))
      found.push(command);
  }
  return found;
}

/** Resolves when none of them runs any more; a test that waits in vain runs into its time limit. */
export async function allEnded(marker: string): Promise<void> {
  while ((await processesOf(marker)).length > 0) await sleep(20);
}
