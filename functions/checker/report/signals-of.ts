import { count, problemCounts, type Signal, seconds } from '../../pass/signals.ts';
import type { CheckReport } from './check-report.ts';

/** What a check tells CloudWatch; a dry run did nothing, and says nothing. */
export const signalsOf = (report: CheckReport): Signal[] =>
  report.dryRun
    ? []
    : [
        ...seconds('oldestDue', report.oldestDueMs),
        ...seconds('oldestRunning', report.oldestRunningMs),
        ...count('cutShort', Number(report.cutShort)),
        ...count('published', report.segments.published),
        ...problemCounts(report.problemsByKind),
      ];
