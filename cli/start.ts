import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NoEmbeddedEngineError } from '../engines/embedded-dynamodb.ts';
import type { Row } from '../engines/load.ts';
import { startEngines, UnusableEndpointError } from '../engines/start-engines.ts';
import { createWorld } from '../engines/world.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { makePasses, type PassMade } from './demo/run.ts';
import { runAsJson } from './demo/run-as-json.ts';
import { showPass, showRun } from './demo/show.ts';
import { readRestore, UnreadableRestoreError } from './restore-file/read-restore.ts';

const SAMPLE = join(import.meta.dirname, 'demo', 'restore.ndjson');

/** What the operator can mend; anything else is a fault, and shows its stack. */
class UserError extends Error {
  override name = 'UserError';
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv);
  const restore = await readFileOf(options);

  const stop = new AbortController();
  const interrupted = (): void => {
    // The first ends the run after the pass under way; the second does not wait. The engines end in either case.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);

  const engines = await startEngines();
  try {
    await run(engines, restore, options, stop.signal);
  } finally {
    await engines.stop();
  }
  if (stop.signal.aborted && options.watch === undefined) process.exitCode = 130;
}

async function readFileOf({ file }: Arguments): Promise<Row[]> {
  const path = file ?? SAMPLE;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `${path} cannot be read (${error.code}); --file names a restore, NDJSON in Milvus' proto JSON`,
    );
  });
  try {
    return readRestore(text, Date.now());
  } catch (error) {
    if (!(error instanceof UnreadableRestoreError)) throw error;
    throw new UserError(`${path}: nothing was loaded\n${error.message}`);
  }
}

/** A watch may go on for days; its end shows the latest passes that met something. */
const MAX_PASSES_KEPT = 100;

const isIdle = ({ report: { mode, read } }: PassMade): boolean =>
  mode === 'inspect' && read.dueTasks + read.dueJobs === 0;

async function run(
  engines: Awaited<ReturnType<typeof startEngines>>,
  restore: readonly Row[],
  options: Arguments,
  stop: AbortSignal,
): Promise<void> {
  const world = await createWorld(engines);
  try {
    await world.load(restore);
    const before = await world.items();
    if (!options.json)
      console.log(`Loaded ${restore.length} records into ${Object.values(world.tables).join(', ')}.`);

    const passes: PassMade[] = [];
    for await (const pass of makePasses(world, options, stop)) {
      if (options.watch !== undefined)
        console.log(options.json ? JSON.stringify(pass.report) : showPass(pass));
      if (options.watch !== undefined && isIdle(pass)) continue;
      passes.push(pass);
      if (passes.length > MAX_PASSES_KEPT) passes.shift();
    }
    if (options.watch !== undefined && options.json) return;

    const [after, messages] = [await world.items(), await Array.fromAsync(world.receive())];
    const result = { before, after, passes, messages, now: Date.now() };
    console.log(options.json ? runAsJson(result) : showRun(result));
  } finally {
    await world.destroy();
  }
}

// Whoever reads the output, such as `head`, may have enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const USER_ERRORS = [UserError, NoEmbeddedEngineError, UnusableEndpointError];

main().catch((error: unknown) => {
  const isForTheUser = error instanceof Error && USER_ERRORS.some((kind) => error instanceof kind);
  console.error(isForTheUser ? error.message : error);
  process.exitCode = 1;
});
