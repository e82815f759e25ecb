import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** What a function does with its event. */
export type Invoked = (event: Record<string, unknown>) => Promise<unknown>;

/**
 * Serves Lambda's `Invoke` for functions of this process until the test ends, and points the SDK's clients of this
 * process at it.
 */
export async function functionEndpoint(functions: Readonly<Record<string, Invoked>>): Promise<void> {
  const server = createServer(async (request, response) => {
    const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    const invoked = functions[decodeURIComponent(name)];
    const event = JSON.parse(await text(request));
    if (invoked === undefined)
      return answer(
        404,
        { Type: 'User', Message: `Function not found: ${name}` },
        { 'x-amzn-errortype': 'ResourceNotFoundException' },
      );
    try {
      answer(200, await invoked(event));
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      answer(200, { errorType, errorMessage }, { 'x-amz-function-error': 'Unhandled' });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const before = process.env.AWS_ENDPOINT_URL_LAMBDA;
  process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL_LAMBDA;
    else process.env.AWS_ENDPOINT_URL_LAMBDA = before;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
}
