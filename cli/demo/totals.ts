import type { PassReport } from '../../functions/inspector/report/pass-report.ts';

/** The counts of a pass, or of several. */
export interface Totals {
  readonly sent: number;
  readonly released: number;
  readonly dropped: number;
  readonly settled: number;
  readonly problems: number;
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
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

export const sumOf = (a: Totals, b: Totals): Totals => ({
  sent: a.sent + b.sent,
  released: a.released + b.released,
  dropped: a.dropped + b.dropped,
  settled: a.settled + b.settled,
  problems: a.problems + b.problems,
  requests: a.requests + b.requests,
  readUnits: a.readUnits + b.readUnits,
  writeUnits: a.writeUnits + b.writeUnits,
});
