import { setTimeout } from 'node:timers/promises';
import { POLL_MS } from '../../engines/event-source.ts';
import { createSingleItems } from '../../functions/aws/single-items.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import type { Task } from '../../functions/copy-segment/task.ts';
import { createSubmit } from '../../functions/submit/submit.ts';
import { describeOutcome } from '../commands/submit-outcome.ts';
import { countOf } from '../terminal/count-of.ts';
import { createDeliveries, VISIBILITY_MS } from './deliveries.ts';
import { type Tell, tookFrom } from './loop-event.ts';
import { createLoopPasses, type PassCounts } from './loop-passes.ts';
import { createLoopWorker } from './loop-worker.ts';
import type { LoopWorld } from './loop-world.ts';
import type { SampleRestore, Samples } from './samples.ts';
import { settleLoop } from './settle-loop.ts';
import type { SkippingClock } from './skipping-clock.ts';
import { objectsOf, putSnapshot } from './snapshot.ts';
import type { StepRecord } from './steps.ts';

const WORKERS = ['worker-1', 'worker-2', 'worker-3'] as const;

/** Whoever claims this task first dies in the middle of it. */
const DEATH = { taskId: 2n, copies: 8 };

/** A loop that gets nowhere ends after so many minutes of its clock. */
const MAX_MINUTES = 180;
const MINUTE_MS = 60_000;

/** How a run went, besides what is in the tables and the buckets. */
export interface Played {
  readonly passes: PassCounts;
  /** Messages that were received, and that nobody has deleted. */
  readonly undeleted: number;
  /** The source segment that is missing. */
  readonly lostSegmentId: bigint;
  readonly durations: ReadonlyMap<bigint, Duration>;
}

/** From the submit of a restore to its end, in milliseconds. */
export interface Duration {
  readonly total: number;
  /** Without what the clock skipped. */
  readonly worked: number;
}

export interface LoopParts {
  readonly world: LoopWorld;
  readonly clock: SkippingClock;
  readonly tell: Tell;
  readonly steps: StepRecord;
  readonly stop: AbortSignal;
}

/** Plays a restore that nothing disturbs, one that succeeds though a worker dies, and one whose source lacks a segment. */
export async function playLoop(
  parts: LoopParts,
  { undisturbed, rescued, damaged }: Samples<SampleRestore>,
): Promise<Played> {
  const { world, clock, tell, steps, stop } = parts;
  const deliveries = createDeliveries(world.sqs, world.queueUrl, clock);
  const passes = await createLoopPasses(world, clock, tell, stop);
  const deathIn = ({ jobId, taskId, raw }: Task): number | undefined =>
    jobId === rescued.job.jobId && taskId === DEATH.taskId && raw.lostLeases === undefined
      ? DEATH.copies
      : undefined;
  const workers = WORKERS.map((name) =>
    createLoopWorker({ ...parts, ...world.clients(), name, tables: world.tables, deliveries, deathIn }),
  );
  const durations = new Map<bigint, Duration>();

  const settle = (): Promise<void> => settleLoop(passes, workers, stop);
  /** Lambda polls a shard all the time: how long after a write it does is chance. */
  const nextPoll = (): Promise<void> => setTimeout(POLL_MS - (clock.worked() % POLL_MS));
  /** Puts the clock forward to the next full minute, which the schedules wait for. */
  const minute = async (): Promise<void> => {
    clock.skipTo(Math.ceil((clock.elapsed() + 1) / MINUTE_MS) * MINUTE_MS);
    await deliveries.settled();
    await passes.check();
    await passes.inspect();
    await settle();
  };
  const until = async (isOver: () => boolean | Promise<boolean>): Promise<void> => {
    for (let minutes = 0; minutes < MAX_MINUTES && !(await isOver()); minutes++) await minute();
  };
  const restore = async (sample: SampleRestore): Promise<void> => {
    const { jobId } = sample.job;
    const begin = { elapsed: clock.elapsed(), worked: clock.worked() };
    steps.begin(jobId, begin.elapsed);
    await submit(parts, sample);
    await nextPoll();
    await settle();
    const items = createSingleItems(world.dynamo, world.tables);
    await until(async () => isOver(await items.read('jobs', { jobId })));
    durations.set(jobId, { total: clock.elapsed() - begin.elapsed, worked: clock.worked() - begin.worked });
  };

  try {
    await putSources(parts, [undisturbed, rescued, damaged]);
    await restore(undisturbed);
    await restore(rescued);
    const lostSegmentId = await loseSegment(parts, damaged);
    await restore(damaged);
    // Until what the dead worker received can be seen again, nothing is due.
    clock.skipTo(VISIBILITY_MS);
    await until(() => deliveries.undeleted === 0);
    return {
      passes: passes.counts,
      undeleted: deliveries.undeleted,
      lostSegmentId,
      durations,
    };
  } finally {
    for (const worker of workers) worker.end();
    passes.end();
  }
}

const isOver = (job: Item | undefined): boolean =>
  job?.state === 'Completed' || (job?.state === 'Failed' && job.segmentsDroppedAt !== undefined);

async function putSources(
  { world, tell, stop }: LoopParts,
  restores: readonly SampleRestore[],
): Promise<void> {
  for (const restore of restores) {
    const { objects, bytes } = await putSnapshot(world.buckets, objectsOf(restore), stop);
    const detail = `${countOf(restore.mappings.length, 'segment')} in ${countOf(objects, 'object')}, ${bytes} bytes`;
    tell('snapshot', 'stored', { jobId: restore.job.jobId, detail });
  }
}

/** Deletes every object of one source segment that has rows. @returns the segment */
async function loseSegment({ world, tell }: LoopParts, restore: SampleRestore): Promise<bigint> {
  const lost = restore.mappings.findLast(({ numOfRows = 0 }) => numOfRows > 0)?.sourceSegmentId;
  if (lost === undefined) throw new Error('the sample has no segment with rows');
  const objects = [...objectsOf(restore)].filter(({ sourceSegmentId }) => sourceSegmentId === lost);
  for (const { source } of objects) await world.buckets.remove(source);
  const detail = `${countOf(objects.length, 'object')} of source segment ${lost}`;
  tell('snapshot', 'lost', { jobId: restore.job.jobId, detail });
  return lost;
}

async function submit(
  { world, clock, tell, stop }: LoopParts,
  { job, mappings }: SampleRestore,
): Promise<void> {
  const began = clock.elapsed();
  const submitJob = createSubmit({ ...world, now: clock.now });
  const outcome = await submitJob(job, () => mappings, { signal: stop });
  if (outcome.kind !== 'submitted') throw new Error(describeOutcome(outcome, job.jobId));
  const { segments, tasks, rows } = outcome.totals;
  const size = [countOf(segments, 'segment'), countOf(tasks, 'task'), countOf(rows, 'row')].join(', ');
  tell('submit', 'submitted', { jobId: job.jobId, detail: size + tookFrom(began, clock.elapsed()) });
}
