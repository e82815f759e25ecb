import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import { type Column, line, titleLine } from '../terminal/columns.ts';
import { type Totals, totalsOf } from './totals.ts';

const TITLES = ['TIME', 'MODE', 'SENT', 'RELEASED', 'DROPPED', 'SETTLED', 'PROBLEMS', 'REQS', 'RRU', 'WRU'];

/** Lines come one by one, so that their columns cannot follow what is in them. */
const LAYOUT: readonly Column[] = TITLES.map((title, column) => ({
  width: column < 2 ? ([8, 7][column] ?? 0) : Math.max(4, title.length),
  isCount: column >= 2,
}));

export const passTitles = (): string => titleLine(TITLES, LAYOUT);

/** One pass in one line. */
export const passLine = (report: PassReport): string =>
  line(
    [new Date(report.startedAt).toISOString().slice(11, 19), report.mode, ...cells(totalsOf(report))],
    LAYOUT,
  );

/** What all passes did together. */
export const totalLine = (totals: Totals): string => line(['total', '', ...cells(totals)], LAYOUT);

const cells = (totals: Totals): string[] =>
  [
    totals.sent,
    totals.released,
    totals.dropped,
    totals.settled,
    totals.problems,
    totals.requests,
    totals.readUnits,
    totals.writeUnits,
  ].map(String);
