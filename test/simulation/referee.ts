import type { Restore } from '../../functions/copy-segment/invariants.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, isRunning, isUnsettledFailure } from '../../functions/copy-segment/job.ts';
import { judgeSegment } from '../../functions/copy-segment/segment.ts';
import { HOUR } from '../support/builders.ts';
import type { Play } from './play.ts';
import { restoresOf, violationsOf } from './restores.ts';
import { SHARDS } from './stage.ts';

/** Thrown for what must not happen. */
export class Foul extends Error {
  override name = 'Foul';
}

/** What only a recovery mends, once strangers broke it. */
const MENDED = /has a marker|out of the index|in a shard that passes ask|no further ahead|no target left/;

/** No pass breaks anything; what strangers broke and a recovery mended stays mended. */
export async function judgeTables({ stage, excused }: Play): Promise<void> {
  const violations = violationsOf(await stage.items(), stage.clock.now);
  for (const [name, reason] of violations) if (!excused.has(name)) throw new Foul(`${name}: ${reason}`);
  for (const name of excused) if (!violations.has(name)) excused.delete(name);
}

/** "No pass leaves behind a due item on which it did nothing." */
export async function judgeNothingDue({ stage }: Play): Promise<void> {
  const { now } = stage.clock;
  const isDue = ({ dueAt }: Item): boolean => dueAt !== undefined && Number(dueAt) <= now;
  for (const { jobId, job, tasks } of restoresOf(await stage.items())) {
    if (job !== 'missing' && isJob(job)) {
      // The marker of a running job is the checker's, for an hour.
      const isForgotten = isRunning(job) ? (job.dueAt ?? now) < now - HOUR : isDue(job.raw);
      if (isForgotten) throw new Foul(`job ${jobId} is ${job.state} and still due after a pass`);
    }
    for (const { raw } of tasks)
      if (isDue(raw) && Number(raw.dueShard ?? SHARDS) < SHARDS)
        throw new Foul(`task ${jobId}/${raw.taskId} is ${raw.state} and still due after a pass`);
  }
}

/** "A task that is not finished always has a `dueAt`, or a recovery pass gives it one." */
export async function judgeMended({ stage }: Play): Promise<void> {
  for (const [name, reason] of violationsOf(await stage.items(), stage.clock.now))
    if (MENDED.test(name)) throw new Foul(`not mended by a recovery: ${name}: ${reason}`);
}

/** Everything has come to its end: what failed is gone, what did not is there, and nobody has anything left to do. */
export async function judgeEnd({ stage, contradictory }: Play): Promise<void> {
  for (const restore of restoresOf(await stage.items())) {
    const { jobId, job } = restore;
    if (job === 'missing' || !isJob(job)) continue;
    const isReadable = restore.tasks.every(
      ({ reading }) =>
        reading.ok && !('flaws' in reading.value) && reading.value.unreadableTargets === undefined,
    );
    if (isReadable && isRunning(job)) throw new Foul(`lost: job ${jobId} is ${job.state} for ever`);
    if (isReadable && isUnsettledFailure(job)) throw new Foul(`job ${jobId} failed and is never settled`);
    judgeTargets(restore, contradictory.has(jobId as bigint));
  }
}

function judgeTargets({ jobId, job, tasks, segments }: Restore, isContradictory: boolean): void {
  if (job === 'missing' || !isJob(job)) return;
  for (const { reading } of tasks) {
    if (!reading.ok) continue;
    for (const segmentId of reading.value.targetSegmentIds) {
      const segment = segments.get(segmentId);
      const isLeft = judgeSegment(segment, jobId as bigint, 'job') === 'droppable';
      if (job.state === 'Failed' && isLeft)
        throw new Foul(`job ${jobId} failed, and its target ${segmentId} is still ${segment?.state}`);
      if (job.state === 'Completed' && !isContradictory && segment?.state === 'Dropped')
        throw new Foul(`job ${jobId} is Completed, and its target ${segmentId} was dropped`);
    }
  }
}
