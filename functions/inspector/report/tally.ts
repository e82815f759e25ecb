import { createMeter, type Meter } from '../../aws/metered-clients.ts';
import type { DropOutcome } from '../../copy-segment/segment.ts';
import { truncate } from '../../copy-segment/truncate.ts';
import type { PassRequest } from '../pass-event.ts';
import type { ResumePoint } from '../resume-point.ts';
import type { VerdictKind } from '../verdict.ts';
import type {
  JobOutcome,
  PassReport,
  Problem,
  ProblemGroup,
  ProblemKey,
  ReadKind,
  TaskOutcome,
} from './pass-report.ts';

/** The report is one log line, and somebody reads it. */
const MAX_PROBLEMS_LISTED = 100;
const MAX_REASON_LENGTH = 300;

/** Problems are deduplicated up to this many: the memory of a pass must not grow with what is wrong. */
const MAX_PROBLEMS_REMEMBERED = 10_000;

const MAX_GROUPS = 50;
const MAX_KEYS_PER_GROUP = 5;

/** Counts while the pass runs. */
export interface Tally {
  readonly meter: Meter;
  readonly read: Record<ReadKind, number>;
  readonly verdicts: Record<VerdictKind, number>;
  readonly tasks: Record<TaskOutcome, number>;
  readonly jobs: Record<JobOutcome, number>;
  readonly segments: Record<DropOutcome, number>;
  readonly messages: { sent: number; failed: number };
  problem(problem: Problem): void;
  /** How many problems were a read, a send or a write that failed. */
  failures(): number;
  /** The pass leaves something undone that is no problem: it is not complete. */
  leaveUndone(): void;
  /** Problems that the report does not list, most frequent first. */
  omitted(): ProblemGroup[];
  report(request: PassRequest, run: RunFacts): PassReport;
}

interface RunFacts {
  readonly passId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Undefined when the pass came to its end. */
  readonly stopped?: ResumePoint;
}

export function createTally(): Tally {
  const problems: Problem[] = [];
  const known = new Set<string>();
  const groups = new Map<
    string,
    { kind: Problem['kind']; reason: string; count: number; keys: ProblemKey[] }
  >();
  let problemsOmitted = 0;
  let failures = 0;

  const omit = ({ kind, key, reason }: Problem): void => {
    problemsOmitted++;
    const name = `${kind}/${reason}`;
    // Reasons may all differ; the number of groups must not grow with them.
    const group = groups.get(name) ??
      groups.get(kind) ?? {
        kind,
        reason: groups.size < MAX_GROUPS ? reason : 'of various reasons',
        count: 0,
        keys: [],
      };
    group.count++;
    if (group.keys.length < MAX_KEYS_PER_GROUP) group.keys.push(key);
    groups.set(groups.size < MAX_GROUPS || groups.has(name) ? name : kind, group);
  };

  const tally: Tally = {
    meter: createMeter(),
    read: { dueTasks: 0, dueJobs: 0, tasks: 0, jobs: 0, segments: 0 },
    verdicts: {
      enqueue: 0,
      release: 0,
      fail: 0,
      drop: 0,
      rest: 0,
      wait: 0,
      orphan: 0,
      contradiction: 0,
      malformed: 0,
    },
    tasks: {
      enqueued: 0,
      released: 0,
      failedForLostLeases: 0,
      settled: 0,
      rested: 0,
      postponed: 0,
      mended: 0,
      movedOn: 0,
      failed: 0,
    },
    jobs: {
      settled: 0,
      rested: 0,
      mended: 0,
      postponed: 0,
      unchecked: 0,
      unsettled: 0,
      malformed: 0,
      movedOn: 0,
      failed: 0,
    },
    segments: { dropped: 0, alreadyDropped: 0, missing: 0, foreign: 0, failed: 0 },
    messages: { sent: 0, failed: 0 },

    problem({ reason, ...rest }) {
      const problem = { ...rest, reason: truncate(reason, MAX_REASON_LENGTH) };
      if (problem.kind === 'failed') failures++;
      // A task that cannot be read is found twice when its job failed as well.
      const { jobId, taskId, segmentId, part } = problem.key;
      const name = [problem.kind, jobId, taskId, segmentId, part].join('/');
      if (known.has(name)) return;
      if (known.size < MAX_PROBLEMS_REMEMBERED) known.add(name);
      if (problems.length < MAX_PROBLEMS_LISTED) problems.push(problem);
      else omit(problem);
    },
    failures: () => failures,
    leaveUndone: () => {
      failures++;
    },
    omitted: () => [...groups.values()].sort((a, b) => b.count - a.count),

    report(request, { passId, startedAt, endedAt, stopped }) {
      const { read, verdicts, tasks, jobs, segments, messages, meter } = tally;
      const { fromJobId, scannedThrough } = stopped ?? {};
      // The pass may still count after this: the report is a copy that does not change.
      return structuredClone({
        passId,
        mode: request.mode,
        dryRun: request.dryRun,
        complete: stopped === undefined && failures === 0,
        ...(fromJobId !== undefined && { fromJobId: String(fromJobId) }),
        ...(scannedThrough !== undefined && { scannedThrough }),
        startedAt,
        durationMs: endedAt - startedAt,
        read,
        verdicts,
        tasks,
        jobs,
        segments,
        messages,
        requests: {
          total: Object.values(meter.requests).reduce((sum, count) => sum + count, 0),
          byOperation: meter.requests,
        },
        capacity: meter.capacity,
        problems,
        problemsOmitted,
      });
    },
  };
  return tally;
}
