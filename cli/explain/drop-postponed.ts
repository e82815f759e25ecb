import { WITHHELD_MS } from '../../functions/copy-segment/due-index.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { type DropCause, judgeSegment } from '../../functions/copy-segment/segment.ts';
import type { Task } from '../../functions/copy-segment/task.ts';

/** Segments that exist, by id. */
export type Segments = ReadonlyMap<bigint, Item>;

/** Clocks differ: how long before its failure a pass may seem to have met an item, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Whether a marker is what a pass sets that may drop no more: a quarter of an hour after it met what failed. One that
 * somebody failed without moving the marker shows an earlier one.
 *
 * @param failedAt epoch milliseconds, as far as it is known
 */
export function isWithheldUntil(dueAt: number | undefined, failedAt: unknown, now: number): boolean {
  if (dueAt === undefined || dueAt <= now) return false;
  const metAt = dueAt - WITHHELD_MS;
  return metAt <= now && (typeof failedAt !== 'bigint' || metAt >= Number(failedAt) - CLOCK_SKEW_MS);
}

/** Why a pass cannot drop every target of a task, however often it tries. */
export function blockOf(
  task: Pick<Task, 'jobId' | 'targetSegmentIds' | 'unreadableTargets'>,
  targets: Segments | undefined,
  cause: DropCause,
): string | undefined {
  if (task.unreadableTargets !== undefined) return task.unreadableTargets;
  if (targets === undefined) return undefined;
  for (const id of task.targetSegmentIds) {
    const segment = targets.get(id);
    const judgement = judgeSegment(segment, task.jobId, cause);
    if (judgement === 'unreadable') return `the jobId of segment ${id} is no number`;
    if (judgement === 'published') return `segment ${id} is published, and its job did not fail`;
  }
  return undefined;
}

/** The first target that a pass could drop, and is not dropped. */
export const leftOf = (
  { jobId, targetSegmentIds }: Pick<Task, 'jobId' | 'targetSegmentIds'>,
  targets: Segments,
  cause: DropCause,
): bigint | undefined =>
  targetSegmentIds.find((id) => judgeSegment(targets.get(id), jobId, cause) === 'droppable');
