import type { Meter } from '../../functions/aws/metered-clients.ts';

const READS = new Set(['Query', 'Scan', 'GetItem', 'BatchGetItem', 'TransactGetItems']);

const WRITES = new Set([
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
  'ExecuteStatement',
  'BatchExecuteStatement',
]);

interface Consumed {
  readonly CapacityUnits?: number | undefined;
}

interface Context {
  readonly commandName?: string;
}

const operationOf = ({ commandName = 'Unknown' }: Context): string => commandName.replace(/Command$/, '');

/**
 * Counts every request of a client, those of passes in this process included, and the capacity that DynamoDB says they
 * consumed.
 *
 * @param client any client of the SDK; it is changed, and returned
 */
export function counted<C extends { readonly middlewareStack: object }>(client: C, meter: Meter): C {
  // biome-ignore lint/suspicious/noExplicitAny: one middleware for the clients of every service
  const stack = client.middlewareStack as any;
  stack.add(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    (next: any, context: Context) => (args: any) => {
      const operation = operationOf(context);
      return READS.has(operation) || WRITES.has(operation)
        ? next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } })
        : next(args);
    },
    { step: 'initialize', priority: 'low', name: 'askForCapacity', override: true },
  );
  stack.add(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    (next: any, context: Context) => async (args: unknown) => {
      const operation = operationOf(context);
      meter.requests[operation] = (meter.requests[operation] ?? 0) + 1;
      const result = await next(args);
      const consumed: readonly Consumed[] = [result.output?.ConsumedCapacity ?? []].flat();
      const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      meter.capacity[READS.has(operation) ? 'readUnits' : 'writeUnits'] += units;
      return result;
    },
    // After the SDK's retries: once per attempt.
    { step: 'finalizeRequest', priority: 'low', name: 'countForCommand', override: true },
  );
  return client;
}
