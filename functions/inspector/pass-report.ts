import type { DropOutcome } from '../copy-segment/segment.ts';
import { createMeter, type Meter } from './aws-calls.ts';
import type { PassRequest } from './pass-event.ts';
import type { Mode, VerdictKind } from './verdict.ts';

/** How the work on one task ended; `enqueued` is the last step of a release too. */
export type TaskOutcome =
  | 'enqueued'
  | 'released'
  | 'failedForLostLeases'
  | 'settled'
  | 'rested'
  | 'postponed'
  | 'mended'
  | 'movedOn'
  | 'failed';

/** How the work on one job ended. */
export type JobOutcome = 'settled' | 'rested' | 'mended' | 'unsettled' | 'malformed' | 'movedOn' | 'failed';

/** The key of what went wrong; ids as decimal strings. */
export interface ProblemKey {
  readonly jobId: string;
  readonly taskId?: string;
  readonly segmentId?: string;
}

export interface Problem {
  readonly key: ProblemKey;
  readonly kind: 'orphan' | 'malformed' | 'foreign' | 'failed' | 'lostLeases';
  readonly reason: string;
}

/** What one pass found and did: the Lambda's return value and its log line. Times in epoch milliseconds. */
export interface PassReport {
  readonly passId: string;
  readonly mode: Mode;
  readonly dryRun: boolean;
  /** False when the time ran short; the next pass, or a recovery from `fromJobId`, carries on. */
  readonly complete: boolean;
  /** Recovery only: the `fromJobId` of the event that goes on where this pass stopped. */
  readonly fromJobId?: string;
  readonly startedAt: number;
  readonly durationMs: number;
  /** Items read: from the `due` index, and from the tables. */
  readonly read: Readonly<Record<ReadKind, number>>;
  /** Tasks by verdict. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
  readonly tasks: Readonly<Record<TaskOutcome, number>>;
  readonly jobs: Readonly<Record<JobOutcome, number>>;
  readonly segments: Readonly<Record<DropOutcome, number>>;
  /** `sent`: messages that SQS accepted. */
  readonly messages: { readonly sent: number; readonly failed: number };
  /** Requests by operation, retries included. */
  readonly requests: { readonly total: number; readonly byOperation: Readonly<Record<string, number>> };
  /** Capacity consumed, in DynamoDB's read and write request units. */
  readonly capacity: { readonly readUnits: number; readonly writeUnits: number };
  readonly problems: readonly Problem[];
  /** Problems beyond those listed; each of them is a log line of its own. */
  readonly problemsOmitted: number;
}

export type ReadKind = 'dueTasks' | 'dueJobs' | 'tasks' | 'jobs' | 'segments';

/**
 * How many problems the report lists: it is one log line, CloudWatch Logs takes 256 kB, and the memory of a
 * pass must not grow with the number of things that are wrong.
 */
const PROBLEMS_LISTED = 500;

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
  report(request: PassRequest, run: RunFacts): PassReport;
}

interface RunFacts {
  readonly passId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Undefined when the pass came to its end. */
  readonly stopped?: { readonly fromJobId?: bigint };
}

export function createTally(onOmitted: (problem: Problem) => void): Tally {
  const problems: Problem[] = [];
  let problemsOmitted = 0;

  const tally: Tally = {
    meter: createMeter(),
    read: { dueTasks: 0, dueJobs: 0, tasks: 0, jobs: 0, segments: 0 },
    verdicts: {
      enqueue: 0,
      release: 0,
      fail: 0,
      drop: 0,
      leaveToJob: 0,
      rest: 0,
      wait: 0,
      orphan: 0,
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
    jobs: { settled: 0, rested: 0, mended: 0, unsettled: 0, malformed: 0, movedOn: 0, failed: 0 },
    segments: { dropped: 0, alreadyDropped: 0, missing: 0, foreign: 0, failed: 0 },
    messages: { sent: 0, failed: 0 },

    problem(problem) {
      if (problems.length < PROBLEMS_LISTED) problems.push(problem);
      else {
        problemsOmitted++;
        onOmitted(problem);
      }
    },

    report(request, { passId, startedAt, endedAt, stopped }) {
      const { read, verdicts, tasks, jobs, segments, messages, meter } = tally;
      const fromJobId = stopped?.fromJobId;
      return {
        passId,
        mode: request.mode,
        dryRun: request.dryRun,
        complete: stopped === undefined,
        ...(fromJobId !== undefined && { fromJobId: String(fromJobId) }),
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
      };
    },
  };
  return tally;
}
