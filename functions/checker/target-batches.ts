import { MAX_PARTS } from '../copy-segment/transaction.ts';
import type { Targets } from './survey.ts';

/** One part of each transaction is the job's. */
const TARGETS_PER_TRANSACTION = MAX_PARTS - 1;

/** Targets that are published in one transaction. */
export interface TargetBatch {
  readonly segmentIds: readonly bigint[];
  /** With this batch, every target of the tasks up to this one is published; absent: in the middle of the first one. */
  readonly through?: bigint;
}

/**
 * The targets of all tasks after a place, ascending by task, in transactions as full as they can be: a task of many
 * targets is split, small ones share.
 *
 * @param after a task; undefined: from the beginning
 */
export function* targetBatches(
  { segmentIds, taskIds, ends }: Targets,
  after: bigint | undefined,
): Generator<TargetBatch> {
  let batch: bigint[] = [];
  let through: bigint | undefined;
  let next = 0;
  const take = (): TargetBatch => {
    const taken = { segmentIds: batch, ...(through !== undefined && { through }) };
    batch = [];
    return taken;
  };
  for (let task = 0; task < taskIds.length; task++) {
    const end = Number(ends.at(task));
    if (after !== undefined && taskIds.at(task) <= after) {
      next = end;
      through = taskIds.at(task);
      continue;
    }
    for (; next < end; next++) {
      if (batch.length === TARGETS_PER_TRANSACTION) yield take();
      batch.push(segmentIds.at(next));
    }
    through = taskIds.at(task);
  }
  if (batch.length > 0) yield take();
}
