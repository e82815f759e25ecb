import type { Item } from '../copy-segment/item.ts';
import { filled, mappingOfPart, SEGMENTS_PER_TASK } from '../copy-segment/submission.ts';
import type { FailedPart } from '../copy-segment/transaction.ts';
import { type Filled, type Found, findJob } from './find-job.ts';
import type { Mapping, MappingSource } from './mapping-source.ts';
import { createMappingsDigest } from './mappings-digest.ts';
import type { Submission } from './submission.ts';
import { SubmitInterruptedError } from './submit-stores.ts';

/** How filling a job ended: with every task there, for a reason to fail it, or because it is no longer Pending. */
export type FillOutcome =
  | { readonly kind: 'filled' }
  | { readonly kind: 'impossible'; readonly reason: string }
  | Exclude<Found, { kind: 'pending' }>;

/** A transaction whose condition failed for a reason that is gone when it is looked for: it is tried again. */
const MAX_ATTEMPTS_PER_TASK = 5;

/**
 * Creates the tasks of a Pending job with their targets, ascending, one transaction a task. One after the other: that
 * makes the highest task the place to resume at, and transactions that check the same job would conflict.
 */
export async function fillJob(
  submission: Submission,
  mappings: MappingSource,
  start: Filled,
): Promise<FillOutcome> {
  const { totals, onProgress } = submission;
  const digest = createMappingsDigest();
  let { taskId, lastTarget } = start;
  let batch: Mapping[] = [];
  let segments = 0;

  /** Goes on after a task that is there already, this submit's or that of another one at the same time. */
  const resumeAfter = (there: Filled): void => {
    ({ taskId, lastTarget } = there);
    const at = batch.findIndex(({ targetSegmentId }) => targetSegmentId === lastTarget);
    if (at >= 0) lastTarget = undefined;
    batch = at >= 0 ? batch.slice(at + 1) : [];
  };

  const createTask = async (): Promise<Exclude<FillOutcome, { kind: 'filled' }> | undefined> => {
    const placed = await placeTask(submission, taskId + 1n, batch);
    if (placed.kind === 'created') {
      taskId++;
      batch = [];
    } else if (placed.kind === 'ahead') resumeAfter(placed.filled);
    else return placed;
    onProgress?.({ segments, of: totals.segments });
    return undefined;
  };

  for await (const mapping of mappings()) {
    segments++;
    digest.add(mapping);
    if (lastTarget !== undefined) {
      if (mapping.targetSegmentId === lastTarget) lastTarget = undefined;
      continue;
    }
    batch.push(mapping);
    if (batch.length < SEGMENTS_PER_TASK) continue;
    const ended = await createTask();
    if (ended) return ended;
  }
  while (batch.length > 0) {
    const ended = await createTask();
    if (ended) return ended;
  }

  if (digest.end() !== totals.digest)
    return { kind: 'impossible', reason: 'the mappings changed while they were submitted' };
  if (lastTarget !== undefined || taskId !== BigInt(totals.tasks))
    return { kind: 'impossible', reason: 'its tasks are not those of the mappings that were submitted' };
  return { kind: 'filled' };
}

type Placed =
  | { readonly kind: 'created' }
  | { readonly kind: 'ahead'; readonly filled: Filled }
  | Exclude<FillOutcome, { kind: 'filled' }>;

/**
 * Creates one task. What a failed condition says is read again, in the order in which it matters: the job, the task,
 * the targets.
 */
async function placeTask(
  { stores, job, totals, now, shards, signal }: Submission,
  taskId: bigint,
  batch: readonly Mapping[],
): Promise<Placed> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS_PER_TASK; attempt++) {
    if (signal.aborted)
      throw new SubmitInterruptedError(`Interrupted before task ${taskId} of ${totals.tasks}`);
    const outcome = await stores.transact(filled(job, taskId, batch, now(), shards));
    if (outcome.kind === 'done') return { kind: 'created' };
    if (outcome.kind === 'failed')
      throw new SubmitInterruptedError(
        `Task ${taskId} of ${totals.tasks} could not be written: ${outcome.reason}`,
      );

    const found = await findJob(stores, job, totals);
    if (found.kind !== 'pending') return found;
    if (found.filled.taskId >= taskId) return { kind: 'ahead', filled: found.filled };
    const obstacle = await findObstacle({ stores, job }, batch, outcome.parts);
    if (obstacle !== undefined) return { kind: 'impossible', reason: obstacle };
  }
  throw new SubmitInterruptedError(
    `Task ${taskId} of ${totals.tasks} could not be written: its conditions fail`,
  );
}

/** The first target that exists already. It is in none of this job's tasks: the drops of the job leave it alone. */
async function findObstacle(
  { stores, job }: Pick<Submission, 'stores' | 'job'>,
  batch: readonly Mapping[],
  failed: readonly FailedPart[],
): Promise<string | undefined> {
  const targets = failed
    .map(({ index }) => mappingOfPart(batch, index)?.targetSegmentId)
    .filter((id) => id !== undefined);
  const { found, unread } = await stores.segments.read(targets);
  const obstacle = targets.find((id) => found.has(id));
  if (obstacle !== undefined)
    return `target ${obstacle} ${describeOwner(found.get(obstacle) ?? {}, job.jobId)}`;
  const [first] = unread;
  if (first) throw new SubmitInterruptedError(`Target ${first.key} could not be read: ${first.reason}`);
  return undefined;
}

function describeOwner({ state, jobId }: Item, ownId: bigint): string {
  const owner =
    jobId === undefined || jobId === null
      ? 'no job allocated it'
      : jobId === ownId
        ? 'no task of this job has it'
        : `it is of job ${jobId}`;
  return `is ${state} already: ${owner}`;
}
