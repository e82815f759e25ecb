/** What a pass asks of DynamoDB and SQS. */
export interface Meter {
  /** Requests by operation, retries included. */
  readonly requests: Record<string, number>;
  /** Capacity that DynamoDB says they consumed, in request units. */
  readonly capacity: { readUnits: number; writeUnits: number };
}

export const createMeter = (): Meter => ({ requests: {}, capacity: { readUnits: 0, writeUnits: 0 } });
