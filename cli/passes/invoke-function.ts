import type { LambdaClient } from '@aws-sdk/client-lambda';

/** The function was invoked, and failed. */
export class FunctionFailedError extends Error {
  override name = 'FunctionFailedError';
}

/**
 * Invokes a function, and waits for what it returns.
 *
 * @throws FunctionFailedError with the function's own error
 */
export async function invokeFunction<R>(
  client: Pick<LambdaClient, 'send'>,
  FunctionName: string,
  event: object,
  abortSignal: AbortSignal,
): Promise<R> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda');
  const { FunctionError, Payload } = await client.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
    { abortSignal },
  );
  const answer = JSON.parse(Payload?.transformToString() || 'null');
  if (FunctionError === undefined) return answer;
  const { errorType = FunctionError, errorMessage = 'no message' } = answer ?? {};
  throw new FunctionFailedError(`${FunctionName} failed: ${errorType}: ${errorMessage}`);
}
