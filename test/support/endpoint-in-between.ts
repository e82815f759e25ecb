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

/** The engine is asked something else, or nothing, and what it answers is changed. */
export interface Alteration {
  readonly input: Record<string, unknown> | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what the engine answers
  readonly answer: (output: any) => object;
}

/** What happens to a request: it is refused, altered, or gets no answer; undefined: the engine answers it. */
export type Interference = Refusal | Alteration | 'no answer' | undefined;

export interface EndpointInBetween {
  readonly endpoint: string;
  /** Every request so far. */
  readonly requests: readonly PassingRequest[];
  close(): Promise<void>;
}

/**
 * An endpoint of the user's own: passes requests on to an engine, but for those that are refused or altered, or that get
 * no answer at all.
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
    const interference = await interfere(passing);
    if (interference === 'no answer') return;
    const ask = (asked: string | Buffer) =>
      fetch(engine, { method: 'POST', headers: passedOn(request.headers), body: asked });
    const answer = (status: number, document: object): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(document));
    };
    if (interference === undefined) {
      const answered = await ask(body);
      response.writeHead(answered.status, { 'content-type': answered.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answered.arrayBuffer()));
    } else if ('type' in interference)
      answer(400, { __type: interference.type, message: interference.message });
    else if (interference.input === undefined) answer(200, interference.answer({}));
    else {
      const answered = await ask(JSON.stringify(interference.input));
      const output = (await answered.json()) as object;
      answer(answered.status, answered.ok ? interference.answer(output) : output);
    }
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
