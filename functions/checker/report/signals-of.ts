import { count, problemCounts, type Signal, seconds } from '../../pass/signals.ts';
import type { CheckReport } from './check-report.ts';

/** What a check tells CloudWatch; a dry run did nothing, and says nothing. */
export const signalsOf = (report: CheckReport): Signal[] =>
  report.dryRun
    ? []
    : [
        ...seconds('oldestDue', report.oldestDueMs),
        ...seconds('oldestRunning', report.oldestRunningMs),
        // A reaction ends early so that others get their turn; the schedule goes on with what it leaves.
        ...count('cutShort', Number(report.cutShort && report.mode !== 'react')),
        ...count('published', report.segments.published),
        ...problemCounts(report.problemsByKind),
      ];
