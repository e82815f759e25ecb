import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { keepStandardInput, type OpenRestore } from '../restore-file/open-restore.ts';
import { UserError } from '../user-error.ts';

/**
 * Finds a submission, which is read more than once: a file, or `-` for standard input, which is kept in a temporary file
 * until it is closed.
 *
 * @throws UserError when there is no such file, or standard input is a terminal
 */
export async function openSubmission(name: string, signal: AbortSignal): Promise<OpenRestore> {
  if (name === '-') {
    if (process.stdin.isTTY)
      throw new UserError('- is standard input, and that is a terminal: name a file, or pipe one in.');
    return keepStandardInput(signal);
  }
  const path = resolve(name);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read (${error.code}).`);
  });
  if (found.isDirectory()) throw new UserError(`${path} is a folder; a file is submitted.`);
  if (!found.isFile())
    throw new UserError(`${path} can be read once, and is read twice: pipe it into copy-segment submit -`);
  return { name, path, bytes: found.size, close: async () => {} };
}
