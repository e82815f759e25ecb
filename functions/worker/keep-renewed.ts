import type { Lease } from './lease.ts';
import type { After, Cancel } from './timers.ts';

/** Renews a lease at intervals until it is stopped, or the lease is gone. */
export function keepRenewed(lease: Lease, intervalMs: number, after: After): Cancel {
  let isStopped = false;
  let cancel: Cancel = () => {};
  const renewLater = (): void => {
    cancel = after(intervalMs, async () => {
      // An error is tried again next time; the lease itself says stop before it ends.
      const found = await lease.heartbeat().catch(() => 'held');
      if (found === 'held' && !isStopped) renewLater();
    });
  };
  renewLater();
  return () => {
    isStopped = true;
    cancel();
  };
}
