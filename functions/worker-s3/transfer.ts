import * as v from 'valibot';
import { type Item, type Reading, readItem } from '../copy-segment/item.ts';
import { jobAttributes } from '../copy-segment/job.ts';
import { ALL_PARTITIONS, readMappings } from '../copy-segment/mappings.ts';
import { taskAttributes } from '../copy-segment/task.ts';

/** What a task copies: which segments, from where, to where. */
export interface Transfer {
  readonly from: Place;
  readonly to: Place;
  readonly segments: readonly SegmentPair[];
  /** Key, in the source's bucket, of the list of its objects. */
  readonly copyList?: string;
}

/** A root path in a bucket; an empty one is the bucket itself. */
export interface Place {
  readonly bucket: string;
  readonly rootPath: string;
}

export interface SegmentPair {
  readonly source: SegmentAddress;
  readonly target: SegmentAddress;
}

export interface SegmentAddress {
  readonly collectionId: bigint;
  /** −1: all partitions. */
  readonly partitionId: bigint;
  readonly segmentId: bigint;
}

const jobItem = v.object({
  collectionId: jobAttributes.collectionId,
  source: jobAttributes.source,
  target: jobAttributes.target,
  sourceCollectionId: v.optional(jobAttributes.sourceCollectionId),
});

const taskItem = v.object({
  sourcePartitions: v.optional(taskAttributes.sourcePartitions),
  copyList: v.optional(taskAttributes.copyList),
});

/** Reads what a task copies from its item and its job's; where the source's ids are not told, they are the target's. */
export function readTransfer(task: Item, job: Item): Reading<Transfer> {
  const [ofJob, ofTask] = [readItem(jobItem, job), readItem(taskItem, task)];
  if (!ofJob.ok) return { ok: false, reason: `job: ${ofJob.reason}` };
  if (!ofTask.ok) return { ok: false, reason: `task: ${ofTask.reason}` };
  const { mappings, unreadable, flaws } = readMappings(task);
  const wrong = unreadable ?? flaws;
  if (wrong !== undefined) return { ok: false, reason: `task: ${wrong}` };
  const { collectionId, source, target, sourceCollectionId = collectionId } = ofJob.value;
  const { sourcePartitions = {}, copyList } = ofTask.value;
  const sourcePartition = (partitionId: bigint): bigint =>
    partitionId === ALL_PARTITIONS ? ALL_PARTITIONS : (sourcePartitions[String(partitionId)] ?? partitionId);

  const segments = mappings.map(({ sourceSegmentId, targetSegmentId, partitionId }) => ({
    source: {
      collectionId: sourceCollectionId,
      partitionId: sourcePartition(partitionId),
      segmentId: sourceSegmentId,
    },
    target: { collectionId, partitionId, segmentId: targetSegmentId },
  }));
  return { ok: true, value: { from: source, to: target, segments, ...(copyList && { copyList }) } };
}
