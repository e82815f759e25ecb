import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Mapping {
  readonly UUID: string;
  readonly FunctionName: string;
  readonly EventSourceArn: string;
  State: string;
}

/** Lambda, as far as event source mappings are listed, one per page, and switched; on 127.0.0.1, and where the SDK looks for it. */
export async function lambdaStub(mappings: readonly Mapping[]) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://stub');
    const answer = (body: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.method === 'PUT') {
      const { Enabled } = JSON.parse((await buffer(request)).toString());
      const mapping = mappings.find(({ UUID }) => url.pathname.endsWith(UUID)) as Mapping;
      mapping.State = Enabled ? 'Enabling' : 'Disabling';
      return answer(mapping);
    }
    const ofFunction = mappings.filter(
      ({ FunctionName }) => FunctionName === url.searchParams.get('FunctionName'),
    );
    const at = Number(url.searchParams.get('Marker') ?? 0);
    answer({
      EventSourceMappings: ofFunction.slice(at, at + 1),
      ...(at + 1 < ofFunction.length && { NextMarker: String(at + 1) }),
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async close(): Promise<void> {
      delete process.env.AWS_ENDPOINT_URL_LAMBDA;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
