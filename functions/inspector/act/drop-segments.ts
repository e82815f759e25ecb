import { describeError } from '../../copy-segment/describe-error.ts';
import { type DropOutcome, judgeSegment } from '../../copy-segment/segment.ts';
import type { DropRequest, WriteOutcome } from '../../copy-segment/stores.ts';
import type { Pass } from '../pass.ts';
import { keyOfTask } from '../report/pass-report.ts';

/** How many segments are held in memory at once, however many targets a task has. */
const TARGETS_PER_ROUND = 2_000;

/** A target segment that is to be dropped, and the task it belongs to. */
export interface Target extends DropRequest {
  readonly taskId: bigint;
}

/**
 * Drops targets, each at most once, and counts and reports every outcome. One that fails does not stop the
 * others. Reads before it writes: a failed condition costs a write unit and does not say which part of it
 * failed, while a read costs a fifth of that and makes a second attempt at a large task cheap.
 *
 * @returns the targets that failed: they keep their task, and its job, due
 */
export async function dropSegments(pass: Pass, targets: readonly Target[]): Promise<Set<Target>> {
  const failed = new Set<Target>();
  let remaining = targets;
  while (remaining.length > 0) {
    // Two tasks may name the same segment; two statements of one batch may not.
    const round = new Map<bigint, Target>();
    const later: Target[] = [];
    for (const target of remaining) {
      if (round.has(target.segmentId) || round.size === TARGETS_PER_ROUND) later.push(target);
      else round.set(target.segmentId, target);
    }
    for (const [target, end] of await dropDistinct(pass, [...round.values()])) {
      count(pass, target, end);
      if (end.outcome === 'failed') failed.add(target);
    }
    remaining = later;
  }
  return failed;
}

interface End {
  readonly outcome: DropOutcome;
  readonly reason?: string;
}
type Judgement = ReturnType<typeof judgeSegment>;

async function dropDistinct(pass: Pass, targets: readonly Target[]): Promise<Map<Target, End>> {
  const ends = new Map<Target, End>();
  const judgements = await judge(pass, targets, ends);
  const droppable = [...judgements]
    .filter(([, judgement]) => judgement === 'droppable')
    .map(([target]) => target);
  const writes = await pass.segments.drop(droppable, pass.now());

  const unexplained: Target[] = [];
  for (const [index, target] of droppable.entries()) {
    const write = writes[index] as WriteOutcome;
    if (write.kind === 'done') ends.set(target, { outcome: 'dropped' });
    else if (write.kind === 'failed') ends.set(target, { outcome: 'failed', reason: write.reason });
    // DynamoDB returns the item that the condition met; other engines do not, and none does for a missing one.
    else if (write.item) judgements.set(target, judgeSegment(write.item, target.jobId));
    else unexplained.push(target);
  }
  // The segment changed between read and write: another pass dropped it, or somebody removed it or took it over.
  for (const [target, judgement] of await judge(pass, unexplained, ends)) judgements.set(target, judgement);

  for (const [target, judgement] of judgements) if (!ends.has(target)) ends.set(target, endOf(judgement));
  return ends;
}

/** Reads and judges the targets; those that cannot be read have met their end. */
async function judge(
  pass: Pass,
  targets: readonly Target[],
  ends: Map<Target, End>,
): Promise<Map<Target, Judgement>> {
  if (targets.length === 0) return new Map();
  try {
    const segments = await pass.segments.read(targets.map((target) => target.segmentId));
    pass.tally.read.segments += segments.size;
    return new Map(
      targets.map((target) => [target, judgeSegment(segments.get(target.segmentId), target.jobId)]),
    );
  } catch (error) {
    for (const target of targets) ends.set(target, { outcome: 'failed', reason: describeError(error) });
    return new Map();
  }
}

function endOf(judgement: Judgement): End {
  if (judgement === 'droppable')
    return {
      outcome: 'failed',
      reason: 'the segment changed while it was being dropped; the next pass tries again',
    };
  if (judgement === 'unreadable')
    return { outcome: 'failed', reason: 'the jobId of the segment must be a number (N)' };
  if (judgement === 'foreign')
    return { outcome: 'foreign', reason: 'the target segment belongs to another job; it is left alone' };
  return { outcome: judgement };
}

function count({ tally }: Pass, target: Target, { outcome, reason }: End): void {
  tally.segments[outcome]++;
  if (outcome !== 'foreign' && outcome !== 'failed') return;
  tally.problem({
    key: { ...keyOfTask(target), segmentId: String(target.segmentId) },
    kind: outcome,
    reason: reason ?? outcome,
  });
}
