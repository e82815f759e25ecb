import type { IncomingMessage } from 'node:http';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** How long each part of one attempt may take, in milliseconds. */
export interface Bounds {
  readonly connectionMs: number;
  /** Until the headers of the response are there. */
  readonly requestMs: number;
  /** From then on until its body is. */
  readonly bodyMs: number;
}

const BOUNDS: Bounds = { connectionMs: 1_000, requestMs: 3_000, bodyMs: 3_000 };

/** Bounds every request, so that what is in flight ends within the reserve of a pass. */
export const bounded = (bounds: Bounds) => ({ maxAttempts: 4, requestHandler: new BoundedHandler(bounds) });

/**
 * The SDK's time-outs end with the headers of a response: one whose body stalls would hold a pass until its cut-off.
 * An attempt that is ended here is retried like any other time-out.
 */
class BoundedHandler extends NodeHttpHandler {
  private readonly bodyMs: number;

  constructor({ connectionMs, requestMs, bodyMs }: Bounds) {
    super({ connectionTimeout: connectionMs, requestTimeout: requestMs, throwOnRequestTimeout: true });
    this.bodyMs = bodyMs;
  }

  override async handle(...request: Parameters<NodeHttpHandler['handle']>) {
    const answer = await super.handle(...request);
    const body: IncomingMessage = answer.response.body;
    const timer = setTimeout(() => {
      const error = new Error(`the response was not complete after ${this.bodyMs} ms`);
      body.destroy(Object.assign(error, { name: 'TimeoutError' }));
    }, this.bodyMs);
    body.once('close', () => clearTimeout(timer));
    return answer;
  }
}

/** Ids exceed 2^53. A number that is not whole belongs to no attribute of the contract; it is reported. */
export const wrapNumbers = (text: string): bigint | number =>
  /^-?\d+$/.test(text) ? BigInt(text) : Number(text);

/** Endpoints, region and credentials come from the SDK's own environment unless given. */
export function createDynamoClient(
  config: DynamoDBClientConfig = {},
  bounds: Bounds = BOUNDS,
): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(unlogged(new DynamoDBClient({ ...bounded(bounds), ...config })), {
    unmarshallOptions: { wrapNumbers },
  });
}

export function createSqsClient(config: SQSClientConfig = {}, bounds: Bounds = BOUNDS): SQSClient {
  // By default the client calls the host of the queue URL, past AWS_ENDPOINT_URL_SQS.
  return unlogged(new SQSClient({ ...bounded(bounds), ...config, useQueueUrlAsEndpoint: false }));
}

/** The SDK copies every input and output for a logger that is not there: a tenth of all that a pass allocates. */
function unlogged<C extends { readonly middlewareStack: { remove(name: string): boolean } }>(client: C): C {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}
