import type { BatchResponse } from '../functions/pass/stream-records.ts';
import { passesFilter } from './event-filter.ts';
import type { LambdaRecord, TableStream } from './table-stream.ts';

/** A mapping of a stream to a function, as far as it shows on this machine. */
export interface EventSourceOptions {
  readonly patterns: readonly unknown[];
  readonly batchSize?: number;
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
  const { patterns, invoke, batchSize = 100, maxRetries = 3 } = options;
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
    /** @returns how many records of the stream there were since the last call */
    async poll(): Promise<number> {
      const records = await stream.read();
      const matched = records.filter((record) => patterns.some((pattern) => passesFilter(pattern, record)));
      counts.records += records.length;
      counts.matched += matched.length;
      for (let at = 0; at < matched.length; at += batchSize)
        await deliver(matched.slice(at, at + batchSize), maxRetries);
      return records.length;
    },
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
