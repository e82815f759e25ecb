import type { Lease } from '../worker/worker.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * The same store, which asks before each write whether the lease still stands. Its signal alone is not enough: after a
 * suspension, an answer may be dealt with before the timer that aborts it.
 */
export function writableUnder(lease: Pick<Lease, 'signal'>, store: ObjectStore): ObjectStore {
  const held = async <T>(write: () => Promise<T>): Promise<T> => {
    lease.signal.throwIfAborted();
    return write();
  };
  return {
    ...store,
    copy: (source, target) => held(() => store.copy(source, target)),
    openUpload: (source, target) =>
      held(async () => {
        const upload = await store.openUpload(source, target);
        return {
          ...upload,
          copyPart: (number, range) => held(() => upload.copyPart(number, range)),
          finish: (parts) => held(() => upload.finish(parts)),
        };
      }),
  };
}
