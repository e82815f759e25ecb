import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createSingleItems } from '../aws/single-items.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import type { Progress } from '../copy-segment/progress.ts';
import type { SingleItems } from '../copy-segment/single-items.ts';
import type { TableNames } from '../copy-segment/tables.ts';
import { createClaim } from './claim.ts';
import { FatalError } from './fatal-error.ts';
import type { Refusal } from './judge-claim.ts';
import { keepRenewed } from './keep-renewed.ts';
import { createLease, type Lease, type LeaseConfig } from './lease.ts';
import { type After, realAfter } from './timers.ts';

export { FatalError, type Lease, type Progress };

/** Takes tasks by their messages, however these arrive. One worker may hold any number of leases at once. */
export interface Worker {
  /**
   * Claims the task of a message. `malformed`: leave the message to the dead letters; `stale` and `jobOver`: delete it.
   * Who claims renews, and ends: by `complete`, `fail`, `retry` or `handOver`.
   *
   * @throws TemporaryError if DynamoDB does not answer: the message is to come back
   */
  claim(body: string): Promise<{ readonly kind: 'claimed'; readonly lease: Lease } | Refusal>;
  /**
   * Claims, copies, renewing the lease meanwhile, and ends: a `FatalError` fails the task, any other error retries it.
   * What the copy ended itself, as by `handOver`, stays as it is.
   *
   * @param copy is to stop when `lease.signal` is aborted
   * @returns `done`: delete the message; `dead`: leave it
   * @throws TemporaryError if DynamoDB does not answer to the claim: the message is to come back
   */
  work(body: string, copy: (lease: Lease) => Promise<Progress>): Promise<'done' | 'dead'>;
}

export interface WorkerConfig {
  /** As `createDynamoClient` makes it: it reads whole numbers as `bigint`. */
  readonly dynamo: DynamoDBDocumentClient;
  readonly tables: TableNames;
  /** No other process may bear it at the same time. */
  readonly nodeId: string;
  /** How long a task stays claimed without a sign of life, in milliseconds. */
  readonly leaseMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** The timers that go with `now`. */
  readonly after?: After;
}

/** Unless a worker is created with another, in milliseconds. */
export const LEASE_MS = 10 * 60_000;

/** A worker on DynamoDB. */
export function createWorker({ dynamo, tables, ...config }: WorkerConfig): Worker {
  if (typeof dynamo.config.translateConfig?.unmarshallOptions?.wrapNumbers !== 'function')
    throw new TypeError('the DynamoDB client must read numbers as bigint: create it with createDynamoClient');
  return workerOver(createSingleItems(dynamo, tables), config);
}

/** A worker on any tables. */
export function workerOver(
  items: SingleItems,
  { nodeId, leaseMs = LEASE_MS, now = Date.now, after = realAfter }: Omit<WorkerConfig, 'dynamo' | 'tables'>,
): Worker {
  const config: LeaseConfig = { items, nodeId, leaseMs, time: { now, after } };
  const claimTask = createClaim(config);

  const take = async (body: string) => {
    const claim = await claimTask(body);
    return claim.kind === 'claimed'
      ? { kind: claim.kind, ...createLease(config, claim.task, claim.job, claim.leaseExpiresAt) }
      : claim;
  };

  return {
    async claim(body) {
      const taken = await take(body);
      return taken.kind === 'claimed' ? { kind: taken.kind, lease: taken.lease } : taken;
    },

    async work(body, copy) {
      const taken = await take(body);
      if (taken.kind === 'malformed') return 'dead';
      if (taken.kind !== 'claimed') return 'done';
      const { lease, status } = taken;
      const end = await endOf(lease, copy, keepRenewed(lease, leaseMs / 3, after));
      if (status() === 'held') await end();
      return 'done';
    },
  };
}

/** Copies, and tells what the lease is to end with. */
async function endOf(
  lease: Lease,
  copy: (lease: Lease) => Promise<Progress>,
  stopRenewing: () => void,
): Promise<() => Promise<unknown>> {
  try {
    const progress = await copy(lease);
    return () => lease.complete(progress);
  } catch (error) {
    return error instanceof FatalError
      ? () => lease.fail(error.message)
      : () => lease.retry(describeError(error));
  } finally {
    stopRenewing();
  }
}
