import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What a service refuses a request with. */
export class Refusal extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what the SDK sends
export type Answer = (input: any) => object;

/**
 * A service of AWS that speaks JSON, on 127.0.0.1, and where the SDK looks for it; an operation may refuse with a
 * `Refusal`.
 *
 * @param service as in the SDK's variables: `CLOUDWATCH`
 */
export async function serviceStub(service: string, operations: Readonly<Record<string, Answer>>) {
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const input = await json(request);
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': request.headers['content-type'] });
      response.end(JSON.stringify(body));
    };
    try {
      const answerTo = operations[operation];
      if (!answerTo) throw new Refusal('UnknownOperationException', operation);
      answer(200, answerTo(input));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer(error.status, { __type: `com.amazonaws#${error.type}`, message: error.message });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const variable = `AWS_ENDPOINT_URL_${service}`;
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env[variable] = endpoint;
  return {
    endpoint,
    async close(): Promise<void> {
      delete process.env[variable];
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of somebody whose role does not allow it. */
export const accessDenied = (action: string): Refusal =>
  new Refusal('AccessDeniedException', `User: me is not authorized to perform: ${action}`);
