import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as passOn } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What went over the wire, as AWS would charge for it. */
export interface WireCounts {
  readonly requests: Readonly<Record<string, number>>;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Writes whose condition failed: in `writeUnits`, one unit each. */
  readonly failedConditions: number;
  /** Messages, in any number of requests. */
  readonly messages: number;
}

/** Where a wire leads to, and how long a request takes more than its engine needs. */
export interface Route {
  readonly dynamo: string;
  readonly sqs: string;
  readonly latencyMs: number;
}

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);

/**
 * An endpoint between a client and the engines. It counts every request, retries included, and has DynamoDB say what each
 * one consumed, whether or not the client asks.
 */
export async function startWire() {
  const agent = new Agent({ keepAlive: true });
  let route: Route | undefined;
  let counts = none();

  const server = createServer(async (request, response) => {
    const [api = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
    const isDynamo = api.startsWith('DynamoDB');
    const sent = await buffer(request);
    const body = isDynamo ? askForCapacity(sent) : sent;
    if (route === undefined) throw new Error('the wire leads nowhere');
    if (route.latencyMs > 0) await sleep(route.latencyMs);

    const onward = passOn(isDynamo ? route.dynamo : route.sqs, {
      method: 'POST',
      agent,
      headers: { ...request.headers, 'content-length': body.length },
    });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    const answered = await buffer(answer);
    note(counts, operation, sent, answered);
    response.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': answered.length });
    response.end(answered);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Starts to count anew. */
    lead(to: Route): void {
      route = to;
      counts = none();
    },
    counts: (): WireCounts => counts,
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

const none = () => ({
  requests: {} as Record<string, number>,
  readUnits: 0,
  writeUnits: 0,
  failedConditions: 0,
  messages: 0,
});

function askForCapacity(body: Buffer): Buffer {
  if (body.includes('"ReturnConsumedCapacity"')) return body;
  const rest = body.subarray(1);
  const isEmpty = rest.toString('latin1', 0, 1) === '}';
  return Buffer.concat([Buffer.from(`{"ReturnConsumedCapacity":"TOTAL"${isEmpty ? '' : ','}`), rest]);
}

function note(counts: ReturnType<typeof none>, operation: string, sent: Buffer, answered: Buffer): void {
  counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
  if (operation === 'SendMessage') counts.messages++;
  if (operation === 'SendMessageBatch')
    counts.messages += sent.toString('latin1').split('"MessageBody"').length - 1;
  // Answers of a megabyte are not worth parsing for one number.
  const text = answered.toString('latin1');
  let units = 0;
  for (const [, consumed] of text.matchAll(/"CapacityUnits":([\d.]+)/g)) units += Number(consumed);
  if (READS.has(operation)) counts.readUnits += units;
  else {
    const failed = text.match(/"ConditionalCheckFailed"|#ConditionalCheckFailedException/g)?.length ?? 0;
    counts.failedConditions += failed;
    // AWS charges for the item, which is small where conditions fail here; the engine does so only beside a success.
    counts.writeUnits += units > 0 ? units : failed;
  }
}
