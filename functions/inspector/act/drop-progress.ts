import { isId, type RawId } from '../../copy-segment/ids.ts';
import type { Job } from '../../copy-segment/job.ts';
import { type Place, placeOf } from '../../copy-segment/job-changes.ts';
import type { TaskSighting } from '../../copy-segment/task.ts';

/** More tasks with targets left than this are not remembered one by one: the next walk begins before the first. */
const MAX_UNDROPPED_REMEMBERED = 1_000;

/** How a chunk ended: its tasks that have targets left, by why. */
export interface ChunkEnd {
  /** A read or a write failed. */
  readonly failed: readonly RawId[];
  /** Only what cannot be read is left. */
  readonly unreadable: readonly RawId[];
  /** Of one of its tasks, the pass may not drop every target. */
  readonly isWithheld: boolean;
}

/**
 * How far the drops of a Failed job have come. Tasks that have targets left are remembered, and the walk goes past them:
 * neither does one of them hold up the others, nor is what is dropped read again at every look.
 */
export function createDropProgress(job: Job) {
  let { through, past } = placeOf(job);
  const undropped = new Set<RawId>();
  let hasFailed = false;
  return {
    hasFailed: () => hasFailed,
    isUnsettled: () => hasFailed || undropped.size > 0,
    /** Something could not be read: the walk ends here. */
    fail: () => {
      hasFailed = true;
    },
    note(
      chunk: readonly TaskSighting[],
      { failed, unreadable }: Pick<ChunkEnd, 'failed' | 'unreadable'>,
    ): void {
      if (failed.length > 0) hasFailed = true;
      for (const taskId of [...failed, ...unreadable]) undropped.add(taskId);
      // An invalid id is no place; what follows it is read again.
      const last = chunk.findLast(({ key }) => isId(key.taskId))?.key.taskId;
      const before = past ?? through;
      if (isId(last) && (before === undefined || last > before)) past = last;
      else past = before;
      if (undropped.size === 0) through = past;
    },
    /** Where the next pass resumes a walk that this one did not finish. */
    place: (): Place =>
      undropped.size === 0
        ? { through, undropped: [] }
        : { through, past, undropped: [...undropped].slice(0, MAX_UNDROPPED_REMEMBERED) },
    /** Where the next walk begins after one that was finished. */
    placeAtTheEnd: (): Place =>
      undropped.size <= MAX_UNDROPPED_REMEMBERED
        ? { through, past, undropped: [...undropped] }
        : { through, undropped: [] },
  };
}
