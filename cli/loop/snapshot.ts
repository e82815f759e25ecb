import { createHash } from 'node:crypto';
import pMap from 'p-map';
import type { Buckets } from '../../engines/buckets.ts';
import { ALL_PARTITIONS } from '../../functions/copy-segment/mappings.ts';
import type { SampleRestore } from './samples.ts';

/** One object of a segment: where it is in the snapshot, and where the restore is to put it. */
export interface SnapshotObject {
  readonly sourceSegmentId: bigint;
  readonly source: string;
  readonly target: string;
}

const OBJECTS_IN_FLIGHT = 16;

/**
 * The objects of a restore in Milvus' layout. Spelt out here, and not with the worker's own rule: what the worker makes
 * of it is to be compared with this.
 */
export function* objectsOf({ job, mappings }: SampleRestore): Generator<SnapshotObject> {
  const { collectionId, sourceCollectionId = collectionId } = job;
  for (const { sourceSegmentId, targetSegmentId, partitionId } of mappings)
    for (const [type, file] of filesOf(sourceSegmentId, partitionId))
      yield {
        sourceSegmentId,
        source: `${job.source.rootPath}/${type}/${sourceCollectionId}/${partitionId}/${sourceSegmentId}/${file}`,
        target: `${job.target.rootPath}/${type}/${collectionId}/${partitionId}/${targetSegmentId}/${file}`,
      };
}

/** Log type and file of each object: not every segment has all that a segment may have. */
function* filesOf(segmentId: bigint, partitionId: bigint): Generator<readonly [string, string]> {
  // An L0 segment consists of deletes.
  if (partitionId === ALL_PARTITIONS) return yield ['delta_log', '460000000000000001'];
  yield ['insert_log', '100/460000000000000002'];
  if (segmentId % 5n === 0n) yield ['stats_log', '100/460000000000000003'];
  if (segmentId % 8n === 0n) yield ['delta_log', '460000000000000004'];
  if (segmentId % 12n === 0n) yield ['bm25_stats', '102/460000000000000005'];
  if (segmentId % 15n === 0n) yield ['index_v1', '460000000000000006/1/HNSW_SQ'];
}

/** The bytes of an object: those of no other, and the same in every run. */
export function bytesOf(key: string): Buffer {
  const size = 200 + (createHash('sha256').update(key).digest().readUInt16BE() % 4_000);
  return createHash('shake256', { outputLength: size }).update(key).digest();
}

/** Puts a snapshot into the source bucket. @returns how many objects and bytes it has */
export async function putSnapshot(
  buckets: Pick<Buckets, 'put'>,
  objects: Iterable<SnapshotObject>,
  signal: AbortSignal,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  // Nothing may be under way any more when it throws: the bucket is deleted next.
  function* untilAborted(): Generator<SnapshotObject> {
    for (const object of objects) {
      if (signal.aborted) return;
      yield object;
    }
  }
  const sizes = await pMap(
    untilAborted(),
    async ({ source }) => {
      const bytes = bytesOf(source);
      await buckets.put(source, bytes);
      return bytes.length;
    },
    { concurrency: OBJECTS_IN_FLIGHT },
  );
  signal.throwIfAborted();
  return { objects: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
