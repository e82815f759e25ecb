import type { StoredObject } from './object-store.ts';

/** Whether a target holds the bytes of its source; `different` says how they differ, or that nothing proves them equal. */
export type Comparison = { readonly kind: 'equal' } | { readonly kind: 'different'; readonly reason: string };

const equal: Comparison = { kind: 'equal' };
const different = (reason: string): Comparison => ({ kind: 'different', reason });

/**
 * Compares by size and by the digests that both objects have. Where encryption, or a copy in parts, leaves them none in
 * common, a target is equal if a worker created it from this very source.
 */
export function compareBytes(source: StoredObject, target: StoredObject): Comparison {
  if (source.size !== target.size) return different(`has ${target.size} bytes instead of ${source.size}`);
  const shared = Object.keys(source.digests).filter((algorithm) => algorithm in target.digests);
  const unequal = shared.find((algorithm) => source.digests[algorithm] !== target.digests[algorithm]);
  if (unequal !== undefined)
    return different(
      `has ${unequal} ${target.digests[unequal]} instead of ${source.digests[unequal]}, and the same size`,
    );
  if (shared.length > 0 || source.etag === target.etag || target.copiedFrom === source.etag) return equal;
  return different('has the same size, but nothing that proves the same bytes');
}
