import type { SegmentAddress } from './transfer.ts';

/** Where a key names its ids: how many steps after the log type. `index_files` names no collection. */
interface Layout {
  readonly collection?: number;
  readonly partition: number;
  readonly segment: number;
}

const ROOTED: Layout = { collection: 1, partition: 2, segment: 3 };

/**
 * The log types below a root path whose keys begin with the ids of their segment: what a listing finds.
 * Source: milvus-io/milvus internal/datanode/importv2/copy_segment_utils.go.
 */
export const LISTED_LOG_TYPES = ['insert_log', 'stats_log', 'delta_log', 'bm25_stats', 'index_v1'] as const;

/** Every log type. Those of older indexes begin with build ids, so that only an object list finds them. */
const LAYOUTS: ReadonlyMap<string, Layout> = new Map([
  ...LISTED_LOG_TYPES.map((type) => [type, ROOTED] as const),
  ['index_files', { partition: 3, segment: 4 }],
  ['text_log', { collection: 3, partition: 4, segment: 5 }],
  ['json_key_index_log', { collection: 3, partition: 4, segment: 5 }],
  ['json_stats', { collection: 4, partition: 5, segment: 6 }],
]);

/** A path below a root; a root that is empty is the bucket itself. */
export const below = (rootPath: string, path: string): string => {
  const root = rootPath.replace(/^\/+|\/+$/g, '');
  return root === '' ? path : `${root}/${path}`;
};

/** Where the objects of a segment are, below a root path. */
export const segmentPrefixes = (rootPath: string, segment: SegmentAddress): string[] =>
  LISTED_LOG_TYPES.map((type) =>
    below(rootPath, `${type}/${segment.collectionId}/${segment.partitionId}/${segment.segmentId}/`),
  );

/**
 * The target of a source key: the same path below the target's root, the ids after the log type replaced.
 *
 * @returns undefined if the key is not below the source's root, or has no log type with its ids after it
 */
export function targetKey(
  sourceKey: string,
  sourceRoot: string,
  targetRoot: string,
  target: SegmentAddress,
): string | undefined {
  const root = below(sourceRoot, '');
  if (!sourceKey.startsWith(root)) return undefined;
  const parts = sourceKey.slice(root.length).split('/');
  const start = parts.findIndex((part) => LAYOUTS.has(part));
  const layout = LAYOUTS.get(parts[start] ?? '');
  // After the last id there is at least the name of a file.
  if (!layout || start + layout.segment + 1 >= parts.length) return undefined;
  if (layout.collection !== undefined) parts[start + layout.collection] = String(target.collectionId);
  parts[start + layout.partition] = String(target.partitionId);
  parts[start + layout.segment] = String(target.segmentId);
  // What stands between the root and the log type is the source's own, as in Milvus.
  return below(targetRoot, parts.slice(start).join('/'));
}
