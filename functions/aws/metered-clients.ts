import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** What a pass asks of DynamoDB and SQS. */
export interface Meter {
  /** Requests by operation, retries included. */
  readonly requests: Record<string, number>;
  /** Capacity that DynamoDB says they consumed, in request units. */
  readonly capacity: { readUnits: number; writeUnits: number };
}

export const createMeter = (): Meter => ({ requests: {}, capacity: { readUnits: 0, writeUnits: 0 } });

/** How many requests may be in flight at once in each part of a pass; the SDK keeps 50 sockets. */
export const CONCURRENCY = 8;

/** The two clients as one pass uses them: every call counted, and ended when the pass has no time left. */
export interface AwsClients {
  readonly dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly signal: AbortSignal;
}

/** What the requests to DynamoDB alone take. */
export type DynamoAccess = Pick<AwsClients, 'dynamo' | 'signal'>;

export const meteredDynamo = (
  dynamo: DynamoDBDocumentClient,
  meter: Meter,
  signal: AbortSignal,
): DynamoAccess => ({ dynamo: metered(dynamo, meter, signal), signal });

export function meteredClients(
  clients: { readonly dynamo: DynamoDBDocumentClient; readonly sqs: SQSClient },
  meter: Meter,
  signal: AbortSignal,
): AwsClients {
  return {
    dynamo: metered(clients.dynamo, meter, signal),
    sqs: metered(clients.sqs, meter, signal),
    signal,
  };
}

const READS = new Set(['Query', 'Scan', 'GetItem', 'BatchGetItem']);

interface CapacityReport {
  readonly ConsumedCapacity?: Consumed | readonly Consumed[];
}
interface Consumed {
  readonly CapacityUnits?: number | undefined;
}

// A client is shared by all passes of a Lambda instance, so the count hangs on the command, which is one call's.
function metered<C extends { send: unknown }>(client: C, meter: Meter, signal: AbortSignal): Pick<C, 'send'> {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's overloads of `send` cannot be spelled for both clients
  const send = async (command: any): Promise<unknown> => {
    let operation = '';
    command.middlewareStack.add(
      // biome-ignore lint/suspicious/noExplicitAny: as above
      (next: any, context: { commandName?: string }) => (args: unknown) => {
        operation = (context.commandName ?? 'Unknown').replace(/Command$/, '');
        meter.requests[operation] = (meter.requests[operation] ?? 0) + 1;
        return next(args);
      },
      // After the SDK's retry middleware in the same step: this one runs once an attempt. A document command adds
      // its middleware twice; the name and the override keep it one.
      { step: 'finalizeRequest', priority: 'low', name: 'countRequests', override: true },
    );
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const output: CapacityReport = await (client as any).send(command, { abortSignal: signal });
    const units = [output.ConsumedCapacity ?? []].flat().reduce((sum, c) => sum + (c.CapacityUnits ?? 0), 0);
    meter.capacity[READS.has(operation) ? 'readUnits' : 'writeUnits'] += units;
    return output;
  };
  return { send } as unknown as Pick<C, 'send'>;
}
