import type { Item } from '../../copy-segment/item.ts';
import {
  asAllocated,
  type DropCause,
  type DropOutcome,
  isAsAllocated,
  judgeSegment,
} from '../../copy-segment/segment.ts';
import { type DropRequest, dropped } from '../../copy-segment/segment-changes.ts';
import { keyOfTask, type Problem } from '../report/pass-report.ts';
import type { Expectation } from './expectation.ts';
import type { LanePass } from './lane.ts';

/** How many segments are held in memory at once, however many targets a task has. */
const TARGETS_PER_ROUND = 2_000;

/** One batch of statements. */
const TARGETS_PER_TEST = 25;

/** How often a segment that changes while it is being dropped is read and dropped again. */
const MAX_ATTEMPTS = 3;

/** A target segment that is to be dropped, and the task it belongs to. */
export interface Target extends DropRequest {
  readonly taskId: bigint;
  readonly cause: DropCause;
  /** It may have been dropped before: it is read first. */
  readonly isRetry: boolean;
}

/** What dropping segments takes of a pass. */
export type DropPass = Pick<LanePass, 'request' | 'write' | 'segments' | 'tally' | 'now' | 'dropGuard'> & {
  readonly expectation: Expectation;
};

/** Why a target was not dropped: something failed, it cannot be dropped as it is, or the pass may drop no more. */
export type Left = 'failed' | 'blocked' | 'withheld';

/**
 * Drops targets, each at most once, and counts and reports every outcome. One that fails does not stop the
 * others. The first drop of a target expects it as it was allocated, and reads it only if that is wrong; what may
 * have been dropped before is read first: a failed condition costs a write unit, a read a fifth of that.
 *
 * @returns the targets that keep their task, and its job, unsettled
 */
export async function dropSegments(pass: DropPass, targets: readonly Target[]): Promise<Map<Target, Left>> {
  const left = new Map<Target, Left>();
  let remaining = targets;
  while (remaining.length > 0) {
    // Two tasks may name the same segment; two statements of one batch may not.
    const round = new Map<bigint, Target>();
    const later: Target[] = [];
    for (const target of remaining) {
      if (round.has(target.segmentId) || round.size === TARGETS_PER_ROUND) later.push(target);
      else round.set(target.segmentId, target);
    }
    const ends = pass.dropGuard.isSpent()
      ? new Map([...round.values()].map((target) => [target, WITHHELD]))
      : await dropDistinct(pass, [...round.values()]);
    for (const [target, end] of ends) {
      note(pass, target, end);
      if (end.left) left.set(target, end.left);
    }
    remaining = later;
  }
  return left;
}

interface End {
  readonly outcome: DropOutcome;
  readonly left?: Left;
  readonly problem?: Omit<Problem, 'key'>;
}

async function dropDistinct(pass: DropPass, targets: readonly Target[]): Promise<Map<Target, End>> {
  const ends = new Map<Target, End>();
  let open = new Map<Target, Item | undefined>();
  for (const some of stepsOf(pass, targets)) {
    // A drop that finds its target dropped already would use up what the pass may drop.
    const mayExpect = pass.dropGuard.left() >= some.length;
    const [blind, seen] = partition(some, (target) => mayExpect && isBlind(pass, target));
    const found = await read(pass, seen, ends);
    for (const [target, segment] of found) pass.expectation.note(isAsAllocated(segment, target.jobId));
    const unexpected = await writeBlind(pass, blind, ends);
    open = new Map([...open, ...found, ...unexpected]);
  }
  for (let attempt = 1; open.size > 0; attempt++) {
    const droppable = new Map<Target, Item>();
    for (const [target, segment] of open) {
      const judgement = judgeSegment(segment, target.jobId, target.cause);
      if (judgement !== 'droppable' || segment === undefined) ends.set(target, END_OF[judgement]);
      else if (attempt > MAX_ATTEMPTS)
        ends.set(target, failed('the segment kept changing while it was being dropped'));
      else droppable.set(target, segment);
    }
    open = await write(pass, droppable, ends);
  }
  return ends;
}

/** The first batch tells whether the others are as expected. */
function* stepsOf({ expectation }: DropPass, targets: readonly Target[]): Generator<readonly Target[]> {
  const first = expectation.isTested() ? 0 : TARGETS_PER_TEST;
  if (first > 0) yield targets.slice(0, first);
  if (targets.length > first) yield targets.slice(first);
}

// A dry run fails no condition, so it has to read to know.
const isBlind = ({ request, expectation }: DropPass, { isRetry }: Target): boolean =>
  !isRetry && !request.dryRun && request.mode !== 'recover' && expectation.isWorthIt();

const partition = <T>(items: readonly T[], isOfFirst: (item: T) => boolean): [T[], T[]] => {
  const [first, second]: [T[], T[]] = [[], []];
  for (const item of items) (isOfFirst(item) ? first : second).push(item);
  return [first, second];
};

/** @returns the targets whose segment is not as expected, and what it is */
async function writeBlind(
  pass: DropPass,
  targets: readonly Target[],
  ends: Map<Target, End>,
): Promise<Map<Target, Item | undefined>> {
  const expected = new Map(targets.map((target) => [target, asAllocated(target.segmentId, target.jobId)]));
  const unexpected = await write(pass, expected, ends);
  for (const target of targets) pass.expectation.note(!unexpected.has(target));
  return unexpected;
}

/** @returns the targets whose segment is not as it was read or expected, and what it is */
async function write(
  pass: DropPass,
  droppable: ReadonlyMap<Target, Item>,
  ends: Map<Target, End>,
): Promise<Map<Target, Item | undefined>> {
  if (droppable.size === 0) return new Map();
  const now = pass.now();
  const outcomes = await pass.write([...droppable].map(([target, segment]) => dropped(segment, target, now)));
  const changed = new Map<Target, Item | undefined>();
  const unexplained: Target[] = [];
  for (const [index, target] of [...droppable.keys()].entries()) {
    const outcome = outcomes[index];
    if (outcome?.kind === 'done') ends.set(target, { outcome: 'dropped' });
    else if (outcome?.kind === 'failed' && outcome.isWithheld) ends.set(target, WITHHELD);
    else if (outcome?.kind !== 'conditionFailed') ends.set(target, failed(outcome?.reason ?? 'no answer'));
    // DynamoDB returns the item that the condition found; other engines do not, and none does for a missing one.
    else if (outcome.item) changed.set(target, outcome.item);
    else unexplained.push(target);
  }
  return new Map([...changed, ...(await read(pass, unexplained, ends))]);
}

/** Reads the segments of the targets; a target whose segment cannot be read ends here. */
async function read(
  pass: DropPass,
  targets: readonly Target[],
  ends: Map<Target, End>,
): Promise<Map<Target, Item | undefined>> {
  if (targets.length === 0) return new Map();
  const { found, unread } = await pass.segments.read(targets.map((target) => target.segmentId));
  pass.tally.read.segments += found.size;
  const reasons = new Map(unread.map(({ key, reason }) => [key, reason]));
  const segments = new Map<Target, Item | undefined>();
  for (const target of targets) {
    const reason = reasons.get(target.segmentId);
    if (reason === undefined) segments.set(target, found.get(target.segmentId));
    else ends.set(target, failed(`the segment could not be read: ${reason}`));
  }
  return segments;
}

const failed = (reason: string): End => ({
  outcome: 'failed',
  left: 'failed',
  problem: { kind: 'failed', reason },
});

/** Reported once per job, by whoever puts its task, or the job, off. */
const WITHHELD: End = { outcome: 'withheld', left: 'withheld' };

const END_OF: Readonly<Record<Exclude<ReturnType<typeof judgeSegment>, 'droppable'>, End>> & {
  droppable: End;
} = {
  droppable: failed('the segment is gone'),
  missing: { outcome: 'missing' },
  alreadyDropped: { outcome: 'alreadyDropped' },
  foreign: {
    outcome: 'foreign',
    problem: { kind: 'foreign', reason: 'the target segment belongs to another job; it is left alone' },
  },
  unreadable: {
    outcome: 'failed',
    left: 'blocked',
    problem: { kind: 'malformed', reason: 'the jobId of the segment must be a number (N)' },
  },
  published: {
    outcome: 'failed',
    left: 'blocked',
    problem: {
      kind: 'contradiction',
      reason: 'the target segment is published: only the failure of its job drops it',
    },
  },
};

function note({ tally }: DropPass, target: Target, { outcome, problem }: End): void {
  tally.segments[outcome]++;
  if (problem)
    tally.problem({ key: { ...keyOfTask(target), segmentId: String(target.segmentId) }, ...problem });
}
