import { startEngines } from '../../engines/start-engines.ts';
import { createWorld, type World } from '../../engines/world.ts';
import type { RestoreArguments } from '../arguments.ts';
import { type OpenRestore, openRestore } from '../restore-file/open-restore.ts';
import { type Line, readLines } from '../restore-file/read-lines.ts';
import { checkRestore, rowsOf } from '../restore-file/restore.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import type { Session } from '../session.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { screenOf } from '../terminal/screen.ts';
import { UserError } from '../user-error.ts';
import { createJsonOutput, createReportLines } from './json-output.ts';
import { makePasses } from './run.ts';
import type { RunOutput } from './run-output.ts';
import { createTextOutput } from './text-output.ts';

/** Loads a restore into tables, makes passes over it, and shows what they did. */
export async function showRestore(options: RestoreArguments, session: Session): Promise<void> {
  const restore = await openRestore(options.file, session.stop);
  try {
    await withWorld(restore, options, session);
  } finally {
    await restore.close();
  }
}

async function withWorld(restore: OpenRestore, options: RestoreArguments, session: Session): Promise<void> {
  const { stop, isOutputClosed } = session;
  // Each time the file is read, its records are as of the same moment.
  const now = Date.now();
  const lines = (what: string) => () => linesOf(restore, what, options, stop);
  const records = await checkRestore(lines('Checking'), now).catch((error: unknown) => {
    if (!(error instanceof UnreadableRestoreError)) throw error;
    const remedy = error.filter ? `\nTry: ${error.filter} ${restore.name} | npm start -- --file -` : '';
    throw new UserError(`${restore.name}: nothing was loaded\n${error.message}${remedy}`);
  });

  const engines = await startEngines();
  try {
    const creation = createWorld(engines);
    session.tidyUpWith(async () => (await creation).destroy());
    const world = await creation;
    try {
      await world.load(rowsOf(lines('Loading'), now));
      const output = outputFor(world, restore, options);
      await output.loaded(records);
      await makePasses(world, options, output, stop);
      if (!isOutputClosed()) await output.end();
    } finally {
      await world.destroy();
    }
  } finally {
    await engines.stop();
  }
  if (stop.aborted && !isOutputClosed() && options.watch === undefined) process.exitCode = 130;
}

function outputFor(
  world: World,
  { name: from }: OpenRestore,
  { json, watch, dryRun }: RestoreArguments,
): RunOutput {
  if (!json)
    return createTextOutput(world, { from, dryRun, screen: screenOf(process.stdout), print: console.log });
  if (watch !== undefined) return createReportLines(console.log);
  return createJsonOutput(world, (text) => process.stdout.write(text));
}

async function* linesOf(
  restore: OpenRestore,
  what: string,
  { json }: RestoreArguments,
  stop: AbortSignal,
): AsyncGenerator<Line> {
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
