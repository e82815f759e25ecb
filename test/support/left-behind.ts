import { expect } from 'vitest';
import type { EndpointInBetween } from './endpoint-in-between.ts';

/** Tables and queues, three and one, that were created there and not deleted again. */
export function leftBehind(engines: readonly EndpointInBetween[]): string[] {
  const named = (operation: string, field: string) =>
    engines.flatMap(({ requests }) =>
      requests
        .filter((request) => request.operation === operation)
        .map(({ input }) => String(input[field]).split('/').at(-1)),
    );
  const created = [...named('CreateTable', 'TableName'), ...named('CreateQueue', 'QueueName')];
  const deleted = new Set([...named('DeleteTable', 'TableName'), ...named('DeleteQueue', 'QueueUrl')]);
  expect(created).toHaveLength(4);
  return created.filter((name) => !deleted.has(name)) as string[];
}
