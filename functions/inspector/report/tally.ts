import { createMeter, type Meter } from '../../aws/metered-clients.ts';
import type { DropOutcome } from '../../copy-segment/segment.ts';
import { truncate } from '../../copy-segment/truncate.ts';
import type { PassRequest } from '../pass-event.ts';
import type { VerdictKind } from '../verdict.ts';
import type { JobOutcome, PassReport, Problem, ReadKind, TaskOutcome } from './pass-report.ts';

/**
 * How many problems the report lists: it is one log line, CloudWatch Logs takes 256 kB, and the memory of a
 * pass must not grow with the number of things that are wrong.
 */
const MAX_PROBLEMS_LISTED = 500;
const MAX_REASON_LENGTH = 300;

/** So many are told from those that are met again. */
const MAX_PROBLEMS_REMEMBERED = 10_000;

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
  const listed = new Set<string>();
  let problemsOmitted = 0;

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

    problem({ reason, ...rest }) {
      const problem = { ...rest, reason: truncate(reason, MAX_REASON_LENGTH) };
      // A task that cannot be read is met twice when its job has Failed, too.
      const { jobId, taskId, segmentId } = problem.key;
      const name = `${problem.kind}/${jobId}/${taskId}/${segmentId}`;
      if (listed.has(name)) return;
      if (listed.size < MAX_PROBLEMS_REMEMBERED) listed.add(name);
      if (problems.length < MAX_PROBLEMS_LISTED) problems.push(problem);
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
