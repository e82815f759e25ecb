import type { S3Client } from '@aws-sdk/client-s3';
import { createObjectStore } from '../aws/object-store.ts';
import { createSingleItems } from '../aws/single-items.ts';
import { createWorker, type Lease, type WorkerConfig } from '../worker/worker.ts';
import { type CopyTaskConfig, copyTask } from './copy-task.ts';
import type { RowsOf } from './plan.ts';
import { createTimeLeft } from './time-left.ts';

export interface S3WorkerConfig
  extends WorkerConfig,
    Pick<CopyTaskConfig, 'maxSingleBytes' | 'partBytes' | 'onRun'> {
  readonly s3: S3Client;
  /** Called with each lease that is claimed, before anything is copied. */
  readonly onClaim?: (lease: Lease) => void;
  /** Called with what kept a task from being copied, before the task is failed or given back. */
  readonly onError?: (lease: Lease, error: unknown) => void;
}

/**
 * Works on the task of one message.
 *
 * @param remainingMs milliseconds until the worker is ended from outside
 * @returns `done`: delete the message; `dead`: leave it
 * @throws TemporaryError if the message is to come back
 */
export type S3Worker = (body: string, remainingMs?: () => number) => Promise<'done' | 'dead'>;

/** The reference worker: copies the objects of a task's segments inside S3. */
export function createS3Worker({
  s3,
  maxSingleBytes,
  partBytes,
  onClaim,
  onRun,
  onError,
  ...config
}: S3WorkerConfig): S3Worker {
  const worker = createWorker(config);
  const items = createSingleItems(config.dynamo, config.tables);

  // Asked of segments without objects alone: there are few, if any.
  const rowsOf: RowsOf = async (segmentIds) => {
    const rows = new Map<bigint, number>();
    for (const segmentId of segmentIds) {
      const numOfRows = (await items.read('segments', { segmentId }))?.numOfRows;
      if (typeof numOfRows === 'bigint') rows.set(segmentId, Number(numOfRows));
    }
    return rows;
  };

  return async (body, remainingMs = () => Number.POSITIVE_INFINITY) => {
    const time = createTimeLeft(remainingMs);
    const copying: CopyTaskConfig = {
      storeUntil: (signal) => createObjectStore(s3, signal),
      rowsOf,
      time,
      onRun,
      ...(maxSingleBytes !== undefined && { maxSingleBytes }),
      ...(partBytes !== undefined && { partBytes }),
    };
    try {
      return await worker.work(body, async (lease) => {
        onClaim?.(lease);
        try {
          return await copyTask(lease, copying);
        } catch (error) {
          onError?.(lease, error);
          throw error;
        }
      });
    } finally {
      time.end();
    }
  };
}
