import type { ObjectStore } from '../../../functions/worker-s3/object-store.ts';
import { memoryObjectStore } from '../../support/memory-object-store.ts';
import type { ObjectBucket } from './stage.ts';

export const BUCKET = 'objects';

/** One bucket in memory, as workers see it, and as everybody else does. */
export function memoryBucket(): { readonly store: ObjectStore; readonly bucket: ObjectBucket } {
  const memory = memoryObjectStore();
  return {
    store: memory.store,
    bucket: {
      async put(key, size, version) {
        memory.put({ bucket: BUCKET, key }, size, version);
      },
      async remove(key) {
        memory.remove({ bucket: BUCKET, key });
      },
      async content(key) {
        const extents = memory.extents({ bucket: BUCKET, key });
        return extents.length === 0
          ? undefined
          : extents.map(({ of, first, last }) => `${of} ${first}-${last}`).join(', ');
      },
    },
  };
}
