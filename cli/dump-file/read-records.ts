import { stat } from 'node:fs/promises';
import { type Line, readLines, textOf } from '../restore-file/read-lines.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { UserError } from '../user-error.ts';
import { type DumpRecord, parseRecord } from './record.ts';

/**
 * The records of a file, with a progress bar.
 *
 * @param what is done with them: `Loading`
 * @throws UserError when there is no such file, or for a line that is no record; names it
 */
export async function* recordsOf(
  path: string,
  what: string,
  { isShown, signal }: { readonly isShown: boolean; readonly signal: AbortSignal },
): AsyncGenerator<DumpRecord> {
  const progress = progressBar(what, await sizeOf(path), isShown);
  try {
    yield* parsed(readLines(path, signal), (line) => progress.reached(line.end));
  } finally {
    progress.end();
  }
}

/** @throws UserError when there is no such file */
async function sizeOf(name: string): Promise<number> {
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${name} cannot be read (${error.code}). load takes the file of a dump, or -.`);
  });
  if (found.isDirectory()) throw new UserError(`${name} is a folder. load takes the file of a dump, or -.`);
  return found.size;
}

/**
 * The records of lines.
 *
 * @throws UserError that names the line
 */
export async function* parsed(
  lines: AsyncIterable<Line>,
  onLine: (line: Line) => void = () => {},
): AsyncGenerator<DumpRecord> {
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const { value: line, done } = await iterator.next().catch((error: unknown) => {
      throw error instanceof UnreadableRestoreError ? new UserError(error.message) : error;
    });
    if (done) return;
    yield recordOn(line);
    onLine(line);
  }
}

function recordOn(line: Line): DumpRecord {
  try {
    return parseRecord(textOf(line));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `line ${line.number}: ${reason}\nWhat was before it may be loaded; the same again loads the rest.`,
    );
  }
}
