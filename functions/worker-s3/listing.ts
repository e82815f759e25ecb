import { pMapIterable } from 'p-map';
import { segmentPrefixes, targetKey } from './milvus-layout.ts';
import type { ObjectStore } from './object-store.ts';
import type { PlannedCopy } from './plan.ts';
import type { Transfer } from './transfer.ts';

/** A segment has five prefixes, most of them with less than a page. */
const LISTINGS_IN_FLIGHT = 8;

/** The objects that are there, segment by segment. What is gone, a listing cannot miss. */
export async function* listCopies(
  store: ObjectStore,
  { from, to, segments }: Transfer,
): AsyncGenerator<PlannedCopy> {
  const prefixes = segments.flatMap((pair) =>
    segmentPrefixes(from.rootPath, pair.source).map((prefix) => ({ pair, prefix })),
  );
  const listed = pMapIterable(
    prefixes,
    async ({ pair, prefix }) => ({
      pair,
      objects: (await Array.fromAsync(store.list(from.bucket, prefix))).flat(),
    }),
    { concurrency: LISTINGS_IN_FLIGHT },
  );
  for await (const { pair, objects } of listed)
    for (const { key, size, etag } of objects) {
      const target = targetKey(key, from.rootPath, to.rootPath, pair.target);
      // Consoles leave an empty object for a folder: it has no name, and Milvus knows nothing of it.
      if (target === undefined || key.endsWith('/')) continue;
      yield {
        segmentId: pair.source.segmentId,
        source: { bucket: from.bucket, key },
        target: { bucket: to.bucket, key: target },
        size,
        etag,
      };
    }
}
