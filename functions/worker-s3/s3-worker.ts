import type { S3Client } from '@aws-sdk/client-s3';
import { createObjectStore } from '../aws/object-store.ts';
import { createSingleItems } from '../aws/single-items.ts';
import type { SingleItems } from '../copy-segment/single-items.ts';
import { createWorker, type Lease, type Worker, type WorkerConfig } from '../worker/worker.ts';
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
  return s3WorkerOver({
    worker: createWorker(config),
    items: createSingleItems(config.dynamo, config.tables),
    storeUntil: (signal) => createObjectStore(s3, signal),
    onClaim,
    onRun,
    onError,
    ...(maxSingleBytes !== undefined && { maxSingleBytes }),
    ...(partBytes !== undefined && { partBytes }),
  });
}

/** What a reference worker stands on, whatever its tables and its object storage are. */
export interface S3WorkerParts extends Omit<CopyTaskConfig, 'rowsOf' | 'time'> {
  readonly worker: Pick<Worker, 'work'>;
  readonly items: Pick<SingleItems, 'read'>;
  readonly onClaim?: S3WorkerConfig['onClaim'] | undefined;
  readonly onError?: S3WorkerConfig['onError'] | undefined;
}

/** A reference worker on any tables and object storage. */
export function s3WorkerOver({ worker, items, onClaim, onError, ...copying }: S3WorkerParts): S3Worker {
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
    try {
      return await worker.work(body, async (lease) => {
        onClaim?.(lease);
        try {
          return await copyTask(lease, { ...copying, rowsOf, time });
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
