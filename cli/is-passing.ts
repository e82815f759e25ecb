import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { TemporaryError } from '../functions/copy-segment/stores.ts';

/** Whether the same request may succeed a little later: what is watched then is asked again. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // CloudWatch Logs has too many queries of the account under way.
  if (error instanceof TemporaryError || error.name === 'LimitExceededException') return true;
  const asked = error as Parameters<typeof isServerError>[0];
  return isThrottlingError(asked) || isTransientError(asked) || isServerError(asked) || isNetworkError(error);
}

const isNetworkError = ({ code }: NodeJS.ErrnoException): boolean =>
  code !== undefined && /^(ECONN|EAI_AGAIN|EHOST|ENET|ETIMEDOUT|EPIPE)/.test(code);
