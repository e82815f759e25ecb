import type { BatchResponse } from '../functions/pass/stream-records.ts';
import { passesFilter } from './event-filter.ts';
import type { LambdaRecord, TableStream } from './table-stream.ts';

/** How long Lambda waits between two polls of a shard, in milliseconds. */
export const POLL_MS = 250;

/** A mapping of a stream to a function, as far as it shows on this machine. */
export interface EventSourceOptions {
  readonly patterns: readonly unknown[];
  readonly batchSize?: number;
  /** How long records are gathered after the first one, in milliseconds. */
  readonly windowMs?: number;
  readonly maxRetries?: number;
  invoke(event: { readonly Records: readonly LambdaRecord[] }): Promise<BatchResponse>;
}

/** What went through it so far. */
export interface EventSourceCounts {
  readonly records: number;
  readonly matched: number;
  readonly invocations: number;
  /** Given up after all retries. */
  readonly discarded: number;
}

/**
 * Reads a table's stream as Lambda does for a function: filters records, hands on what is left in batches, one after the
 * other. What a response names is delivered again, from the first of it on; a batch whose invocation failed is
 * halved; what stays failed is discarded.
 */
export function eventSource(stream: Pick<TableStream, 'read'>, options: EventSourceOptions) {
  const { patterns, invoke, batchSize = 100, windowMs = 0, maxRetries = 3 } = options;
  let gathered: LambdaRecord[] = [];
  let gatheredSince = 0;
  const counts = { records: 0, matched: 0, invocations: 0, discarded: 0 };

  const deliver = async (batch: readonly LambdaRecord[], retries: number): Promise<void> => {
    if (batch.length === 0) return;
    if (retries < 0) {
      counts.discarded += batch.length;
      return;
    }
    counts.invocations++;
    const left = await invoke({ Records: batch }).then(
      ({ batchItemFailures }) => [from(batch, batchItemFailures)],
      () =>
        batch.length > 1 ? [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)] : [batch],
    );
    for (const part of left) await deliver(part, retries - 1);
  };

  return {
    /** @returns how many records of the stream there were since the last call, and how many were handed on */
    async poll(): Promise<number> {
      const records = await stream.read();
      const matched = records.filter((record) => patterns.some((pattern) => passesFilter(pattern, record)));
      counts.records += records.length;
      counts.matched += matched.length;
      if (gathered.length === 0) gatheredSince = performance.now();
      gathered.push(...matched);
      if (gathered.length < batchSize && performance.now() - gatheredSince < windowMs) return records.length;
      const toDeliver = gathered;
      gathered = [];
      for (let at = 0; at < toDeliver.length; at += batchSize)
        await deliver(toDeliver.slice(at, at + batchSize), maxRetries);
      return records.length + toDeliver.length;
    },
    /** Whether it waits for more records before it hands on what it has. */
    isGathering: (): boolean => gathered.length > 0,
    counts: (): EventSourceCounts => ({ ...counts }),
  };
}

/** The part of a batch that is delivered again: from the first record that failed. */
function from(
  batch: readonly LambdaRecord[],
  failures: BatchResponse['batchItemFailures'],
): readonly LambdaRecord[] {
  const failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
  if (failed.has('')) return batch;
  const first = batch.findIndex(({ dynamodb }) => failed.has(dynamodb.SequenceNumber));
  return first < 0 ? [] : batch.slice(first);
}
