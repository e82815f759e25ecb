import { basename } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Interruption } from './interruption.ts';
import { type Screen, screenOf } from './terminal/screen.ts';

/** What a command has around it: everything but its deployment. */
export interface Surroundings {
  readonly out: Output;
  readonly err: Output;
  /** Standard input, for commands that take `-`. */
  readonly stdin: NodeJS.ReadableStream;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Aborted once somebody wants the command to end. */
  readonly signal: AbortSignal;
  /** Waits so many milliseconds, or until somebody wants the command to end. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Asks on the terminal; undefined where nobody could answer. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  /** How this program is typed, for the commands that it prints; `copy-segment` unless told otherwise. */
  readonly program?: readonly string[] | undefined;
}

/** A stream of text, and what shows it. */
export interface Output {
  readonly screen: Screen;
  /** Resolves once more may be written. */
  write(text: string): Promise<void>;
}

/** Those of this process. */
export function surroundingsOf(
  { stdin, stdout, stderr, argv, env }: NodeJS.Process,
  stop: Interruption,
): Surroundings {
  const { signal } = stop;
  return {
    out: outputTo(stdout),
    err: outputTo(stderr),
    stdin,
    now: Date.now,
    signal,
    program: programOf(argv, env),
    sleep: (ms) => wait(ms, undefined, { signal }).catch(() => {}),
    ...(stdin.isTTY &&
      stderr.isTTY && {
        async confirm(question) {
          const lines = createInterface({ input: stdin, output: stderr });
          try {
            return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
          } finally {
            lines.close();
          }
        },
      }),
  };
}

const outputTo = (stream: NodeJS.WriteStream): Output => ({
  screen: screenOf(stream),
  write: (text) => new Promise((resolve) => stream.write(text, () => resolve())),
});

/**
 * By its name alone where it is installed as a command. In its own project it is none: npm links no package into its own
 * node_modules, and npx finds it.
 */
export function programOf(
  [, script = '']: readonly string[],
  { npm_command: npm }: NodeJS.ProcessEnv,
): readonly string[] {
  return npm !== 'exec' && basename(script) === 'copy-segment' ? ['copy-segment'] : ['npx', 'copy-segment'];
}
