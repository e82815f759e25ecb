import { isId, type RawId } from '../../copy-segment/ids.ts';
import type { Job } from '../../copy-segment/job.ts';
import { type Place, placeOf } from '../../copy-segment/job-changes.ts';
import type { TaskSighting } from '../../copy-segment/task.ts';

/** More tasks that cannot be read than this are not remembered one by one: the drops then resume before the first. */
const MAX_UNREADABLE_REMEMBERED = 100;

/** How a chunk ended: tasks that have a target left, by why. */
export interface ChunkEnd {
  readonly failed: number;
  readonly unreadable: readonly RawId[];
}

/**
 * How far the drops of a Failed job have come. They stop being counted at the first task that has a target left, so
 * that none is skipped; a task that cannot be read is remembered instead, so that what is dropped after it is not read
 * again at every look.
 */
export function createDropProgress(job: Job) {
  let place = placeOf(job);
  const unreadable = new Set<RawId>();
  let hasFailed = false;
  return {
    /** Tasks that were looked at and have targets left that cannot be read. */
    unreadable: unreadable as ReadonlySet<RawId>,
    hasFailed: () => hasFailed,
    /** Something could not be read or written: nothing after this counts. */
    fail: () => {
      hasFailed = true;
    },
    note(chunk: readonly TaskSighting[], end: ChunkEnd): void {
      if (end.failed > 0) hasFailed = true;
      for (const taskId of end.unreadable) unreadable.add(taskId);
      const last = chunk.at(-1)?.key.taskId;
      const ids = [...unreadable].filter(isId);
      const canRemember = ids.length === unreadable.size && ids.length <= MAX_UNREADABLE_REMEMBERED;
      if (hasFailed || !isId(last) || !canRemember) return;
      const before = place.past ?? place.through;
      const past = before === undefined || last > before ? last : before;
      place =
        ids.length > 0
          ? { through: place.through, past, unreadable: ids }
          : { through: past, unreadable: [] };
    },
    place: (): Place => place,
  };
}
