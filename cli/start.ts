import { setTimeout as sleep } from 'node:timers/promises';
import { NoEmbeddedEngineError } from '../engines/embedded-dynamodb.ts';
import { NotLoadedError } from '../engines/load.ts';
import { startEngines, UnusableEndpointError } from '../engines/start-engines.ts';
import { createWorld, LeftBehindError, NotCreatedError, type World } from '../engines/world.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { createJsonOutput, createReportLines } from './demo/json-output.ts';
import { makePasses } from './demo/run.ts';
import type { RunOutput } from './demo/run-output.ts';
import { createTextOutput } from './demo/text-output.ts';
import { listenForInterruption } from './interruption.ts';
import { type OpenRestore, openRestore } from './restore-file/open-restore.ts';
import { type Line, readLines } from './restore-file/read-lines.ts';
import { checkRestore, rowsOf } from './restore-file/restore.ts';
import { UnreadableRestoreError } from './restore-file/unreadable-restore-error.ts';
import { progressBar } from './terminal/progress-bar.ts';
import { screenOf } from './terminal/screen.ts';
import { UserError } from './user-error.ts';

/** How long tables and queue may take to be deleted by somebody who no longer wants to wait. */
const PATIENCE_MS = 5_000;

/** Deletes what the run has made; whoever gives up on a run still gets rid of it. */
let tidyUp = async (): Promise<void> => {};

const interruption = listenForInterruption(
  () => void Promise.race([tidyUp().catch(() => {}), sleep(PATIENCE_MS)]).then(() => process.exit(130)),
  process.env.npm_lifecycle_event === undefined ? 1 : 2,
);
const stop = interruption.signal;
// A terminal shows Ctrl-C as ^C, in the line that is next.
stop.addEventListener('abort', () => process.stdout.isTTY && process.stdout.write('\n'));

let isOutputClosed = false;
// Whoever reads the output, such as `head`, may have enough of it; a terminal may be closed.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  isOutputClosed = true;
  interruption.end();
});

async function main(): Promise<void> {
  const options = parseArguments(process.argv);
  const restore = await openRestore(options.file, stop);
  try {
    await withWorld(restore, options);
  } finally {
    await restore.close();
  }
}

async function withWorld(restore: OpenRestore, options: Arguments): Promise<void> {
  // Each time the file is read, its records are as of the same moment.
  const now = Date.now();
  const lines = (what: string) => () => linesOf(restore, what, options);
  const records = await checkRestore(lines('Checking'), now).catch((error: unknown) => {
    if (!(error instanceof UnreadableRestoreError)) throw error;
    const remedy = error.filter ? `\nTry: ${error.filter} ${restore.name} | npm start -- --file -` : '';
    throw new UserError(`${restore.name}: nothing was loaded\n${error.message}${remedy}`);
  });

  const engines = await startEngines();
  try {
    const creation = createWorld(engines);
    tidyUp = async () => (await creation).destroy();
    const world = await creation;
    try {
      await world.load(rowsOf(lines('Loading'), now));
      const output = outputFor(world, restore, options);
      await output.loaded(records);
      await makePasses(world, options, output, stop);
      if (!isOutputClosed) await output.end();
    } finally {
      await world.destroy();
    }
  } finally {
    await engines.stop();
  }
  if (stop.aborted && !isOutputClosed && options.watch === undefined) process.exitCode = 130;
}

function outputFor(world: World, { name: from }: OpenRestore, { json, watch, dryRun }: Arguments): RunOutput {
  if (!json)
    return createTextOutput(world, { from, dryRun, screen: screenOf(process.stdout), print: console.log });
  if (watch !== undefined) return createReportLines(console.log);
  return createJsonOutput(world, (text) => process.stdout.write(text));
}

async function* linesOf(restore: OpenRestore, what: string, { json }: Arguments): AsyncGenerator<Line> {
  const progress = progressBar(what, restore.bytes, !json);
  try {
    for await (const line of readLines(restore.path, stop)) {
      yield line;
      progress.reached(line.end);
    }
  } finally {
    progress.end();
  }
}

const USER_ERRORS = [
  UserError,
  NoEmbeddedEngineError,
  UnusableEndpointError,
  NotCreatedError,
  NotLoadedError,
  LeftBehindError,
];

const ended = main().catch((error: unknown) => {
  if (stop.aborted && error instanceof Error && error.name === 'AbortError') {
    process.exitCode = isOutputClosed ? 0 : 130;
    return;
  }
  const isForTheUser = error instanceof Error && USER_ERRORS.some((kind) => error instanceof kind);
  console.error(isForTheUser ? error.message : error);
  process.exitCode = 1;
});

void ended.finally(interruption.exit);
