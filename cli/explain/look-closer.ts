import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { type SegmentReads, TemporaryError } from '../../functions/copy-segment/stores.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import type { Connection } from '../connection/connection.ts';
import { isWorse } from './condition.ts';
import type { QueueFacts, WorstTask } from './facts.ts';
import { seeTargets, type TargetsSeen } from './flaw-of-targets.ts';
import { withMessage } from './message-lost.ts';
import { readTargets } from './read-targets.ts';
import { type Candidate, type Tallied, worstTask } from './tally-tasks.ts';
import { conditionOfTask } from './task-condition.ts';

export interface CloserLook {
  readonly worst: WorstTask | undefined;
  /** What of the targets was not read, and why. */
  readonly unread: readonly string[];
}

interface Around {
  readonly queue: QueueFacts;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The task that holds a job up the most, looked at with what only costs for one of them: its targets, and whether its
 * message is still there. Where Segments cannot be read, the rest is explained all the same.
 */
export async function lookCloser(
  connection: Connection,
  segments: SegmentReads,
  job: KnownJob,
  tallied: Tallied,
  around: Around,
): Promise<CloserLook> {
  const { sentFirst, worst } = tallied;
  const isStranded = sentFirst && withQueue(sentFirst, around).condition.kind === 'messageLost';
  const isWorstLate = worst && isWorse(worst.condition.level, 'waiting');
  const suspect = isStranded && !isWorstLate ? sentFirst : worst;
  try {
    return await lookAtTargets(connection, segments, job, tallied, around, suspect);
  } catch (error) {
    if (!(error instanceof TemporaryError)) throw error;
    return {
      worst: suspect && worstTask(withQueue(suspect, around)),
      unread: [`the target segments (${describeError(error.cause ?? error)})`],
    };
  }
}

async function lookAtTargets(
  connection: Connection,
  segments: SegmentReads,
  job: KnownJob,
  { survey }: Tallied,
  around: Around,
  suspect: Candidate | undefined,
): Promise<CloserLook> {
  const seen = job !== 'missing' && isJob(job) ? await seeTargets(segments, job, survey) : undefined;
  const isSuspicious = suspect && suspect.condition.level !== 'fine' && suspect.sighting.reading.ok;
  let found = suspect;
  if (isSuspicious) {
    const { sighting } = suspect;
    const targets = await readTargets(connection, sighting, segments);
    const moment = { now: around.now, shards: connection.shards };
    found = withQueue({ sighting, condition: conditionOfTask(sighting, job, moment, targets) }, around);
  }
  const flaw = found?.condition.level === 'stuck' ? undefined : seen?.flaw;
  return {
    worst: flaw ? { taskId: String(flaw.taskId), condition: flaw.condition } : found && worstTask(found),
    unread: unreadTargets(seen, isSuspicious ? suspect : undefined, survey.distinctTargets),
  };
}

const withQueue = ({ sighting, condition }: Candidate, { queue, now }: Around): Candidate => ({
  sighting,
  condition: withMessage(condition, sighting.raw, queue, now),
});

function unreadTargets(
  seen: TargetsSeen | undefined,
  lookedAt: Candidate | undefined,
  distinctTargets: number,
): string[] {
  if (seen)
    return seen.read < seen.of ? [`${seen.of - seen.read} of the ${seen.of} targets that are left`] : [];
  if (distinctTargets <= targetCount(lookedAt)) return [];
  return [
    lookedAt
      ? `the target segments but those of task ${lookedAt.sighting.key.taskId}`
      : 'the target segments (explain JOB/TASK reads those of a task)',
  ];
}

const targetCount = (candidate: Candidate | undefined): number =>
  candidate?.sighting.reading.ok ? candidate.sighting.reading.value.targetSegmentIds.length : 0;
