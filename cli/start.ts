import { setTimeout as sleep } from 'node:timers/promises';
import { NoEmbeddedEngineError } from '../engines/embedded-dynamodb.ts';
import { NotLoadedError } from '../engines/load.ts';
import { UnusableEndpointError } from '../engines/start-engines.ts';
import { LeftBehindError, NotCreatedError } from '../engines/world.ts';
import { SubmitInterruptedError } from '../functions/submit/submit-stores.ts';
import { parseArguments } from './arguments.ts';
import { showRestore } from './demo/show-restore.ts';
import { listenForInterruption } from './interruption.ts';
import { showLoop } from './loop/show-loop.ts';
import type { Session } from './session.ts';
import { UserError } from './user-error.ts';

/** How long tables, queue and buckets may take to be deleted by somebody who no longer wants to wait. */
const PATIENCE_MS = 5_000;

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

const session: Session = {
  stop,
  isOutputClosed: () => isOutputClosed,
  tidyUpWith(destroy) {
    tidyUp = destroy;
  },
};

async function main(): Promise<void> {
  const options = parseArguments(process.argv);
  await (options.file === undefined ? showLoop(options, session) : showRestore(options, session));
}

const USER_ERRORS = [
  UserError,
  NoEmbeddedEngineError,
  UnusableEndpointError,
  NotCreatedError,
  NotLoadedError,
  LeftBehindError,
];

/** What is under way when a run is interrupted ends with one of these. */
const isInterruption = (error: unknown): boolean =>
  error instanceof SubmitInterruptedError || (error instanceof Error && error.name === 'AbortError');

const ended = main().catch((error: unknown) => {
  if (stop.aborted && isInterruption(error)) {
    process.exitCode = isOutputClosed ? 0 : 130;
    return;
  }
  const isForTheUser = error instanceof Error && USER_ERRORS.some((kind) => error instanceof kind);
  console.error(isForTheUser ? error.message : error);
  process.exitCode = 1;
});

void ended.finally(interruption.exit);
