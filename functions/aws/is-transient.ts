import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';

/** Whether an SDK error is temporary: the service is slow, throttles, or did not answer. */
export const isTransient = (error: unknown): boolean =>
  error instanceof Error &&
  (isThrottlingError(error as never) || isTransientError(error as never) || isServerError(error as never));
