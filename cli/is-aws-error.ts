import { NoEmbeddedEngineError } from '../engines/embedded-dynamodb.ts';
import { NotLoadedError } from '../engines/load.ts';
import { UnusableEndpointError } from '../engines/start-engines.ts';
import { LeftBehindError, NotCreatedError } from '../engines/world.ts';
import { TemporaryError } from '../functions/copy-segment/stores.ts';
import { NoSuchTableError } from './connection/missing-tables.ts';

const OURS = [
  TemporaryError,
  NoSuchTableError,
  NoEmbeddedEngineError,
  NotLoadedError,
  UnusableEndpointError,
  LeftBehindError,
  NotCreatedError,
];

const NETWORK = /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|EPIPE)/;

/** Whether an error is AWS', or that of the way to it, rather than a fault of this program. */
export function isAwsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('$metadata' in error || OURS.some((kind) => error instanceof kind)) return true;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && NETWORK.test(code)) return true;
  // No region, no credentials, no such profile: thrown before there is a request.
  return /Region is missing|credential|TimeoutError|SSO|profile/i.test(`${error.name}: ${error.message}`);
}
