import { createMeter, type Meter } from '../../aws/metered-clients.ts';
import type { DropOutcome } from '../../copy-segment/segment.ts';
import { costOf } from '../../pass/cost.ts';
import { createOldest, type Oldest } from '../../pass/oldest.ts';
import { createProblems, type ProblemKey, type Problems } from '../../pass/problems.ts';
import type { PassRequest } from '../pass-event.ts';
import type { ResumePoint } from '../resume-point.ts';
import type { VerdictKind } from '../verdict.ts';
import type { JobOutcome, PassReport, ProblemKind, ReadKind, TaskOutcome } from './pass-report.ts';

/** Counts while the pass runs. */
export interface Tally extends Omit<Problems<ProblemKind>, 'listed'> {
  readonly meter: Meter;
  changes: number;
  readonly oldestDue: Oldest;
  readonly oldestUnsettled: Oldest;
  readonly read: Record<ReadKind, number>;
  readonly verdicts: Record<VerdictKind, number>;
  readonly tasks: Record<TaskOutcome, number>;
  readonly jobs: Record<JobOutcome, number>;
  readonly segments: Record<DropOutcome, number>;
  readonly messages: { sent: number; failed: number };
  /** The pass leaves something undone that is no problem: it is not complete. */
  leaveUndone(): void;
  report(request: PassRequest, run: RunFacts): PassReport;
}

interface RunFacts {
  readonly passId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Undefined when the pass came to its end. */
  readonly stopped?: ResumePoint;
  /** Whether its time ran short. */
  readonly cutShort: boolean;
}

export function createTally(onFailure?: (key: ProblemKey) => void): Tally {
  const { listed, ...problems } = createProblems<ProblemKind>(onFailure);
  let isSomethingUndone = false;
  const tally: Tally = {
    meter: createMeter(),
    changes: 0,
    oldestDue: createOldest(),
    oldestUnsettled: createOldest(),
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
      withheld: 0,
      mended: 0,
      movedOn: 0,
      failed: 0,
    },
    jobs: {
      settled: 0,
      rested: 0,
      mended: 0,
      postponed: 0,
      withheld: 0,
      unchecked: 0,
      woken: 0,
      unsettled: 0,
      malformed: 0,
      movedOn: 0,
      failed: 0,
    },
    segments: { dropped: 0, alreadyDropped: 0, missing: 0, foreign: 0, withheld: 0, failed: 0 },
    messages: { sent: 0, failed: 0 },

    ...problems,
    leaveUndone: () => {
      isSomethingUndone = true;
    },

    report(request, { passId, startedAt, endedAt, stopped, cutShort }) {
      const { changes, read, verdicts, tasks, jobs, segments, messages, meter } = tally;
      const { fromJobId, fromTaskId, scannedThrough } = stopped ?? {};
      // The pass may still count after this: the report is a copy that does not change.
      return structuredClone({
        passId,
        mode: request.mode,
        dryRun: request.dryRun,
        complete: stopped === undefined && !isSomethingUndone && problems.failures() === 0,
        cutShort,
        ...(fromJobId !== undefined && { fromJobId: String(fromJobId) }),
        ...(fromTaskId !== undefined && { fromTaskId: String(fromTaskId) }),
        ...(scannedThrough !== undefined && { scannedThrough }),
        startedAt,
        durationMs: endedAt - startedAt,
        oldestDueMs: tally.oldestDue.ageAt(startedAt),
        oldestUnsettledMs: tally.oldestUnsettled.ageAt(endedAt),
        changes,
        read,
        verdicts,
        tasks,
        jobs,
        segments,
        messages,
        ...costOf(meter),
        ...listed(),
      });
    },
  };
  return tally;
}
