import type { Meter } from '../aws/metered-clients.ts';

/** What a pass asked of DynamoDB and SQS, for its report. */
export interface Cost {
  /** Requests by operation, retries included. */
  readonly requests: { readonly total: number; readonly byOperation: Readonly<Record<string, number>> };
  /** Capacity consumed, in DynamoDB's read and write request units. */
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
}

export const costOf = ({ requests, capacity }: Meter): Cost => ({
  requests: {
    total: Object.values(requests).reduce((sum, count) => sum + count, 0),
    byOperation: requests,
  },
  capacity,
});
