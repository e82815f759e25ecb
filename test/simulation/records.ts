import { dueShardOf } from '../../functions/copy-segment/due-index.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { ALL_PARTITIONS, packMappings } from '../../functions/copy-segment/mappings.ts';
import { HOUR } from '../support/builders.ts';
import { SHARDS } from './stage.ts';
import { LEASE_MS } from './worker.ts';

/** How a target stands to its task when the task is created. */
export const TARGETS = ['ours', 'ours', 'ours', 'ownerless', 'ownerless', 'foreign', 'missing'] as const;
export type TargetKind = (typeof TARGETS)[number];

export interface TaskSeed {
  readonly targets: readonly TargetKind[];
  /** Whether its mappings are in the compact form. */
  readonly compact: boolean;
  readonly lostLeases: number;
  readonly state: (typeof SEED_STATES)[number];
}

/** How far a task has come when the history begins: `Held` is InProgress, and its worker is at work. */
export const SEED_STATES = ['Pending', 'Held', 'Held', 'Failed', 'Failed', 'Completed'] as const;

/** What a writer makes that knows nothing of markers, or makes a mistake. */
export const STRANGERS = [
  'noMarker',
  'failedNoMarker',
  'completedNoMarker',
  'farMarker',
  'farMarkerFailed',
  'secondsMarker',
  'wrongShard',
  'unknownState',
  'unreadableTarget',
  'unreadableTargetCompleted',
  'noCollection',
  'sharedTarget',
  'leaseless',
] as const;
export type Stranger = (typeof STRANGERS)[number];

/** Whose segment it is that other jobs name by mistake. */
export const FOREIGN_JOB = 9_000n;

export function jobItem(jobId: bigint, now: number): Item {
  return {
    jobId,
    state: 'Pending',
    collectionId: 7n,
    createdAt: now,
    dueShard: dueShardOf(jobId, SHARDS),
    dueAt: now,
  };
}

/** A task as section 9 creates it, and as its worker may have left it. */
export function taskItem(
  jobId: bigint,
  taskId: bigint,
  segmentIds: readonly bigint[],
  { compact, lostLeases, state }: Omit<TaskSeed, 'targets'>,
  now: number,
): Item {
  const mappings = segmentIds.map((targetSegmentId) => ({
    sourceSegmentId: targetSegmentId + 1_000_000n,
    targetSegmentId,
    // Every third is an L0 segment.
    partitionId: targetSegmentId % 3n === 0n ? ALL_PARTITIONS : 3n,
  }));
  const taskVersion = 2 * lostLeases + (state === 'Pending' ? 0 : 1);
  const lease = now + LEASE_MS;
  return {
    jobId,
    taskId,
    collectionId: 7n,
    taskVersion,
    enqueueCount: 0,
    createdAt: now,
    dueShard: dueShardOf(taskId, SHARDS),
    ...(state === 'Held'
      ? { state: 'InProgress', nodeId: 'datanode', leaseExpiresAt: lease, dueAt: lease }
      : { state }),
    ...((state === 'Pending' || state === 'Failed') && { dueAt: now }),
    ...(lostLeases > 0 && { lostLeases }),
    ...(compact ? { mappings: packMappings(mappings) } : { idMappings: mappings }),
  };
}

export const segmentItem = (segmentId: bigint, jobId: bigint | undefined): Item => ({
  segmentId,
  state: 'Importing',
  collectionId: 7n,
  partitionId: segmentId % 3n === 0n ? ALL_PARTITIONS : 3n,
  isImporting: true,
  numOfRows: 1_000,
  ...(jobId !== undefined && { jobId }),
});

/** The task of a writer that the inspector does not know. */
export function strangersTask(task: Item, stranger: Stranger, now: number): Item {
  const { dueAt: _, dueShard: __, ...unmarked } = task;
  const FAR = BigInt(now) * 1_000_000n;
  const idMappings = [...((task.idMappings as Item[] | undefined) ?? []), { targetSegmentId: 'not an id' }];
  const spoilt = { mappings: undefined, idMappings };
  switch (stranger) {
    case 'noMarker':
      return { ...unmarked, enqueueCount: undefined };
    case 'failedNoMarker':
      return { ...unmarked, state: 'Failed', reason: null };
    case 'completedNoMarker':
      return { ...unmarked, state: 'Completed', completedAt: now };
    case 'farMarker':
      return { ...task, dueAt: FAR };
    case 'farMarkerFailed':
      return { ...task, state: 'Failed', dueAt: FAR };
    case 'secondsMarker':
      return { ...task, dueAt: Math.floor((now - HOUR) / 1_000) };
    case 'wrongShard':
      return { ...task, dueShard: SHARDS + 3 };
    case 'unknownState':
      return { ...task, state: 'Paused' };
    case 'unreadableTarget':
      return { ...task, state: 'Failed', ...spoilt };
    case 'unreadableTargetCompleted':
      return { ...unmarked, state: 'Completed', ...spoilt };
    case 'noCollection':
      return { ...task, collectionId: undefined };
    case 'leaseless':
      return { ...unmarked, state: 'InProgress', taskVersion: 1, nodeId: 'stranger' };
    case 'sharedTarget':
      return task;
  }
}
