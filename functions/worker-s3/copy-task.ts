import { FatalError, type Lease, type Progress } from '../worker/worker.ts';
import { type CopyObjectsOptions, type CopyRun, copyObjects } from './copy-objects.ts';
import type { ObjectStore } from './object-store.ts';
import { planCopies, type RowsOf } from './plan.ts';
import type { TimeLeft } from './time-left.ts';
import { readTransfer } from './transfer.ts';
import { writableUnder } from './writable-under.ts';

export interface CopyTaskConfig extends Omit<CopyObjectsOptions, 'isOver'> {
  /** Object storage whose requests end with the signal. */
  readonly storeUntil: (signal: AbortSignal) => ObjectStore;
  readonly rowsOf: RowsOf;
  readonly time: Pick<TimeLeft, 'isOver' | 'signal'>;
  /** Called with what was copied, before the task ends. */
  readonly onRun?: ((lease: Lease, run: CopyRun) => void) | undefined;
}

/**
 * Copies what one task is made of, and hands it over when the time is over before it is done.
 *
 * @throws FatalError if that can never succeed
 */
export async function copyTask(
  lease: Lease,
  { storeUntil, rowsOf, time, onRun, ...sizes }: CopyTaskConfig,
): Promise<Progress> {
  const transfer = readTransfer(lease.task.raw, lease.job.raw);
  if (!transfer.ok) throw new FatalError(transfer.reason);
  const store = writableUnder(lease, storeUntil(AbortSignal.any([lease.signal, time.signal])));
  const run = await copyObjects(store, planCopies(store, transfer.value, rowsOf), {
    ...sizes,
    isOver: time.isOver,
  });
  onRun?.(lease, run);
  const progress = { copiedObjects: run.objects, copiedBytes: run.bytes };
  if (run.kind === 'outOfTime') await lease.handOver(progress);
  return progress;
}
