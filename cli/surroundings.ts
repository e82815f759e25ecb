import { once } from 'node:events';
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

/** Somebody ended the program instead of answering a question. */
export class UnansweredError extends Error {
  override name = 'UnansweredError';
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
        confirm: (question) => answerTo(question, { input: stdin, output: stderr }, signal),
      }),
  };
}

/**
 * Asks a question that is answered with yes or no.
 *
 * @throws UnansweredError on Ctrl-C and Ctrl-D
 */
async function answerTo(
  question: string,
  terminal: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
  signal: AbortSignal,
): Promise<boolean> {
  const lines = createInterface(terminal);
  // Readline leaves a question pending for ever once its input ends.
  const ended = once(lines, 'close').then(() => {
    throw new UnansweredError();
  });
  try {
    const answer = lines.question(`${question} [y/N] `, { signal }).catch((error: Error) => {
      throw error.name === 'AbortError' ? new UnansweredError() : error;
    });
    return /^y(es)?$/i.test((await Promise.race([answer, ended])).trim());
  } catch (error) {
    // The shell's prompt, or what is said next, begins on a line of its own.
    terminal.output.write('\n');
    throw error;
  } finally {
    ended.catch(() => {});
    lines.close();
  }
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
