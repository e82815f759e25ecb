import type { Meter } from '../../functions/aws/metered-clients.ts';

/** For a program: one document, its ids as strings, and what the command cost. */
export const documentOf = (result: object, { requests, capacity }: Meter): string =>
  JSON.stringify({ ...result, cost: { requests, ...capacity } }, (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
