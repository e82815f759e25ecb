import { count, problemCounts, type Signal, seconds } from '../../pass/signals.ts';
import type { PassReport } from './pass-report.ts';

/** What a pass tells CloudWatch; a dry run did nothing, and says nothing. */
export const signalsOf = (report: PassReport): Signal[] =>
  report.dryRun
    ? []
    : [
        ...seconds('oldestDue', report.oldestDueMs),
        ...seconds('unsettled', report.oldestUnsettledMs),
        // A reaction ends early so that others get their turn; the schedule goes on with what it leaves.
        ...count('cutShort', Number(report.cutShort && report.mode !== 'react')),
        ...count('enqueued', report.tasks.enqueued),
        ...count('dropped', report.segments.dropped),
        ...count('dropsFailed', report.segments.failed),
        ...count('withheld', report.tasks.withheld + report.jobs.withheld),
        ...problemCounts(report.problemsByKind),
      ];
