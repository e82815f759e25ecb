import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request on its way to an engine. */
export interface PassingRequest {
  /** `CreateTable`, `SendMessageBatch`, … */
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

/** What the service answers instead of the engine: the name of an error, and its message. */
export interface Refusal {
  readonly type: string;
  readonly message: string;
}

/** What happens to a request: it is refused, or gets no answer; undefined: the engine answers it. */
export type Interference = Refusal | 'no answer' | undefined;

export interface EndpointInBetween {
  readonly endpoint: string;
  /** Every request so far. */
  readonly requests: readonly PassingRequest[];
  close(): Promise<void>;
}

/**
 * An endpoint of the user's own: passes requests on to an engine, but for those that are refused, or that get no answer
 * at all.
 */
export async function endpointInBetween(
  engine: string,
  interfere: (request: PassingRequest) => Interference | Promise<Interference> = () => undefined,
): Promise<EndpointInBetween> {
  const requests: PassingRequest[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const passing = { operation, input: JSON.parse(body.toString() || '{}') };
    requests.push(passing);
    const refusal = await interfere(passing);
    if (refusal === 'no answer') return;
    if (refusal) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: refusal.type, message: refusal.message }));
      return;
    }
    const answer = await fetch(engine, { method: 'POST', headers: passedOn(request.headers), body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const passedOn = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter((header): header is [string, string] =>
      /^(x-amz-|content-type|authorization)/.test(header[0]),
    ),
  );
