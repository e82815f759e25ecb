import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../user-error.ts';

/** A restore on disk, which can be read more than once. */
export interface OpenRestore {
  /** As the user named it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  close(): Promise<void>;
}

/**
 * Finds a restore: a file, relative to where the user stands, or `-` for standard input, which is kept in a temporary
 * file until the restore is closed.
 *
 * @throws UserError when there is no such file
 */
export async function openRestore(
  name: string,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<OpenRestore> {
  if (name === '-') return keepStandardInput(signal);
  const path = resolve(standingIn(env), name);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `${path} cannot be read (${error.code}).\n--file names a restore: NDJSON in Milvus' proto JSON.`,
    );
  });
  if (!found.isFile())
    throw new UserError(
      `${path} is ${found.isDirectory() ? 'a folder' : 'no regular file'}.\n--file names a file, or - for standard input.`,
    );
  return { name, path, bytes: found.size, close: async () => {} };
}

/** `npm start` runs in the project's folder, and says from which one it was called. */
const standingIn = (env: NodeJS.ProcessEnv): string =>
  (env.npm_lifecycle_event === 'start' && env.INIT_CWD) || process.cwd();

/** Keeps standard input, which can be read once, in a temporary file until it is closed. */
export async function keepStandardInput(
  signal: AbortSignal,
  stdin: NodeJS.ReadableStream = process.stdin,
): Promise<OpenRestore> {
  const folder = await mkdtemp(join(tmpdir(), 'copy-segment-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'restore.ndjson');
    await pipeline(stdin, createWriteStream(path), { signal });
    return { name: 'standard input', path, bytes: (await stat(path)).size, close };
  } catch (error) {
    await close();
    throw error;
  }
}
