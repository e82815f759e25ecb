import type { ObservedVerdict } from '../../functions/inspector/pass.ts';
import type { PassReport, Problem } from '../../functions/inspector/report/pass-report.ts';
import { type FirstEntries, firstEntries } from './first-entries.ts';

/** What is kept of a run to be shown at its end: the first of everything, however large the restore is. */
export const MAX_JOBS_SHOWN = 12;
export const MAX_TASKS_SHOWN = 30;
export const MAX_PROBLEMS_SHOWN = 12;

/** What fell on one job and on its tasks. */
export interface JobEntry {
  verdict?: ObservedVerdict;
  /** Verdicts on its tasks by kind. */
  readonly tasks: Record<string, number>;
}

/** Gathers what passes do, in memory that does not grow with it. */
export interface Ledger {
  verdict(verdict: ObservedVerdict): void;
  pass(report: PassReport): void;
  readonly passes: number;
  readonly totals: Totals;
  readonly jobs: FirstEntries<bigint, JobEntry>;
  /** Verdicts that change something, and those that leave things as they are, by task. */
  readonly tasks: { readonly acting: TaskEntries; readonly resting: TaskEntries };
  readonly problems: FirstEntries<string, { problem?: Problem }>;
}

type TaskEntries = FirstEntries<string, { verdict?: ObservedVerdict }>;

/** The counts of a pass, or of several. */
export interface Totals {
  sent: number;
  released: number;
  dropped: number;
  settled: number;
  problems: number;
  requests: number;
  readUnits: number;
  writeUnits: number;
}

export const totalsOf = (report: PassReport): Totals => ({
  sent: report.messages.sent,
  released: report.tasks.released,
  dropped: report.segments.dropped,
  settled: report.tasks.settled + report.jobs.settled,
  problems: report.problems.length + report.problemsOmitted,
  requests: report.requests.total,
  readUnits: report.capacity.readUnits,
  writeUnits: report.capacity.writeUnits,
});

export function createLedger(): Ledger {
  const totals: Totals = {
    sent: 0,
    released: 0,
    dropped: 0,
    settled: 0,
    problems: 0,
    requests: 0,
    readUnits: 0,
    writeUnits: 0,
  };
  let passes = 0;
  const ledger = {
    totals,
    get passes() {
      return passes;
    },
    jobs: firstEntries<bigint, JobEntry>(MAX_JOBS_SHOWN, () => ({ tasks: {} })),
    tasks: {
      acting: firstEntries<string, { verdict?: ObservedVerdict }>(MAX_TASKS_SHOWN, () => ({})),
      resting: firstEntries<string, { verdict?: ObservedVerdict }>(MAX_TASKS_SHOWN, () => ({})),
    },
    problems: firstEntries<string, { problem?: Problem }>(MAX_PROBLEMS_SHOWN, () => ({})),

    verdict(verdict: ObservedVerdict): void {
      const { jobId, taskId, kind } = verdict;
      const job = ledger.jobs.at(jobId);
      if (taskId === undefined) {
        if (job) job.verdict ??= verdict;
        return;
      }
      if (job) job.tasks[kind] = (job.tasks[kind] ?? 0) + 1;
      const tasks = kind === 'rest' || kind === 'wait' ? ledger.tasks.resting : ledger.tasks.acting;
      const task = tasks.at(`${jobId}/${taskId}`);
      if (task) task.verdict ??= verdict;
    },

    pass(report: PassReport): void {
      passes++;
      const counts = totalsOf(report);
      for (const name of Object.keys(totals) as (keyof Totals)[]) totals[name] += counts[name];
      for (const problem of report.problems) {
        const { jobId, taskId, segmentId } = problem.key;
        const entry = ledger.problems.at(`${problem.kind}/${jobId}/${taskId}/${segmentId}`);
        if (entry) entry.problem ??= problem;
      }
    },
  };
  return ledger;
}
