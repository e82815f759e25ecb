import { TemporaryError } from '../copy-segment/stores.ts';
import { FatalError } from '../worker/fatal-error.ts';
import { copyInParts, type PartsRun } from './copy-in-parts.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';
import type { PlannedCopy } from './plan.ts';
import { compareBytes } from './same-bytes.ts';

/** How the copy of one object ended: `alreadyThere` is equal, from an earlier attempt. */
export type CopyOutcome = 'copied' | 'alreadyThere' | 'outOfTime';

export interface CopyOptions extends PartsRun {
  /** Larger objects are copied in parts, in bytes. */
  readonly maxSingleBytes: number;
}

/**
 * Creates one target from its source, as it was planned, and checks what the store then says of it.
 *
 * @throws FatalError if the source is gone or another one, or the target holds other bytes
 */
export async function copyObject(
  store: ObjectStore,
  plan: PlannedCopy,
  options: CopyOptions,
): Promise<CopyOutcome> {
  const source = await lookAtSource(store, plan);
  const isLarge = source.size > options.maxSingleBytes;
  // A request that is refused costs nothing, a hundred parts do.
  if (isLarge && (await isThere(store, plan, source))) return 'alreadyThere';

  const answer = isLarge
    ? await copyInParts(store, source, plan.target, options)
    : await store.copy(source, plan.target);
  if (answer === 'outOfTime') return answer;
  if (answer === 'refused') await lookAtSource(store, { ...plan, etag: source.etag });
  if (await isThere(store, plan, source)) return answer === 'created' ? 'copied' : 'alreadyThere';
  // Somebody else deletes, or created it at the same moment and failed.
  throw new TemporaryError(`target ${plan.target.key} was ${answer}, and is not there`);
}

async function lookAtSource(store: ObjectStore, { source, size, etag }: PlannedCopy): Promise<StoredObject> {
  const found = await store.look(source);
  if (!found) throw new FatalError(`source ${source.key} is missing`);
  if (found.size !== size)
    throw new FatalError(`source ${source.key} has ${found.size} bytes, ${size} were listed`);
  if (etag !== undefined && found.etag !== etag)
    throw new FatalError(`source ${source.key} has changed: its ETag is ${found.etag}, ${etag} was listed`);
  return found;
}

/** @throws FatalError if there is a target with other bytes */
async function isThere(store: ObjectStore, { target }: PlannedCopy, source: StoredObject): Promise<boolean> {
  const found = await store.look(target);
  if (!found) return false;
  const comparison = compareBytes(source, found);
  if (comparison.kind === 'different') throw new FatalError(`target ${target.key} ${comparison.reason}`);
  return true;
}
