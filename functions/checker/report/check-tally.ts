import { createMeter, type Meter } from '../../aws/metered-clients.ts';
import { costOf } from '../../pass/cost.ts';
import { createOldest, type Oldest } from '../../pass/oldest.ts';
import { createProblems, type ProblemKey, type Problems } from '../../pass/problems.ts';
import type { CheckRequest } from '../check-event.ts';
import type { CheckVerdictKind } from '../verdict.ts';
import type {
  CheckOutcome,
  CheckProblemKind,
  CheckReadKind,
  CheckReport,
  PublishOutcome,
} from './check-report.ts';

/** Counts while the check runs. */
export interface CheckTally extends Omit<Problems<CheckProblemKind>, 'listed'> {
  readonly meter: Meter;
  changes: number;
  readonly oldestDue: Oldest;
  readonly oldestRunning: Oldest;
  readonly read: Record<CheckReadKind, number>;
  readonly verdicts: Record<CheckVerdictKind | 'malformed', number>;
  readonly jobs: Record<CheckOutcome, number>;
  readonly segments: Record<PublishOutcome, number>;
  report(request: CheckRequest, run: CheckFacts): CheckReport;
}

interface CheckFacts {
  readonly passId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whether it did not come to its end. */
  readonly isStopped: boolean;
  readonly cutShort: boolean;
}

export function createCheckTally(onFailure?: (key: ProblemKey) => void): CheckTally {
  const { listed, ...problems } = createProblems<CheckProblemKind>(onFailure);
  const tally: CheckTally = {
    meter: createMeter(),
    changes: 0,
    oldestDue: createOldest(),
    oldestRunning: createOldest(),
    read: { dueJobs: 0, jobs: 0, tasks: 0, segments: 0 },
    verdicts: {
      fail: 0,
      start: 0,
      publish: 0,
      publishOn: 0,
      wait: 0,
      leave: 0,
      untouched: 0,
      malformed: 0,
    },
    jobs: {
      started: 0,
      publishing: 0,
      completed: 0,
      markedFailed: 0,
      waited: 0,
      left: 0,
      marked: 0,
      postponed: 0,
      movedOn: 0,
      failed: 0,
    },
    segments: { published: 0, alreadyPublished: 0, lost: 0 },
    ...problems,

    report(request, { passId, startedAt, endedAt, isStopped, cutShort }) {
      const { changes, read, verdicts, jobs, segments, meter } = tally;
      // Handed out while the check may still count: a copy that stays as it is.
      return structuredClone({
        passId,
        mode: request.mode,
        dryRun: request.dryRun,
        complete: !isStopped && problems.failures() === 0,
        cutShort,
        startedAt,
        durationMs: endedAt - startedAt,
        oldestDueMs: tally.oldestDue.ageAt(startedAt),
        oldestRunningMs: tally.oldestRunning.ageAt(endedAt),
        changes,
        read,
        verdicts,
        jobs,
        segments,
        ...costOf(meter),
        ...listed(),
      });
    },
  };
  return tally;
}
