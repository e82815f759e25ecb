import type { PassReport } from '../../functions/inspector/report/pass-report.ts';
import type { MakePass, Watch } from './make-pass.ts';

/** A recovery to its end, in as many passes as it takes. */
export interface Recovery {
  /** All passes as one; `complete` as of the last. */
  readonly report: PassReport;
  readonly passes: number;
}

/**
 * Makes recovery passes until one reaches the end, or one gets no further than the one before it.
 *
 * @param onPass called after each pass, with all that was done so far
 */
export async function recoverAll(
  makePass: MakePass<PassReport>,
  event: { readonly maxDrops?: number },
  watch: Watch,
  onPass: (soFar: PassReport) => void,
): Promise<Recovery> {
  let place: Place = {};
  let sum: PassReport | undefined;
  for (let passes = 1; ; passes++) {
    const report = await makePass({ mode: 'recover', ...event, ...place, ...limitAfter(event, sum) }, watch);
    sum = sum === undefined ? report : sumOf(sum, report);
    onPass(sum);
    const next = placeOf(report);
    // A large Failed job is resumed by its own place: as long as something of it is dropped, there is progress.
    const isStuck = isSame(place, next) && report.segments.dropped === 0;
    const isWithheld = report.segments.withheld > 0 || report.tasks.withheld > 0 || report.jobs.withheld > 0;
    if (report.complete || report.dryRun || isStuck || isWithheld || Object.keys(next).length === 0)
      return { report: sum, passes };
    place = next;
  }
}

/** The limit of drops is the recovery's, in however many passes. */
const limitAfter = ({ maxDrops }: { readonly maxDrops?: number }, sum: PassReport | undefined): object =>
  maxDrops === undefined ? {} : { maxDrops: Math.max(0, maxDrops - (sum?.segments.dropped ?? 0)) };

type Place = Pick<PassReport, (typeof PLACE_FIELDS)[number]>;

/** What a report says of where to resume, which the next event says again, as it is. */
const PLACE_FIELDS = ['fromJobId', 'fromTaskId', 'scannedThrough'] as const;

const placeOf = (report: PassReport): Place =>
  Object.fromEntries(
    PLACE_FIELDS.flatMap((field) => (report[field] === undefined ? [] : [[field, report[field]]])),
  );

const isSame = (a: Place, b: Place): boolean => PLACE_FIELDS.every((field) => a[field] === b[field]);

/** How many problems are kept of all passes: a pass lists as many. */
const MAX_PROBLEMS = 100;

/** Counts are added up; the rest is as the second says. */
function sumOf(first: PassReport, second: PassReport): PassReport {
  const problems = [...first.problems, ...second.problems];
  return {
    ...second,
    changes: first.changes + second.changes,
    ...addedUp(first, second, [
      'read',
      'verdicts',
      'tasks',
      'jobs',
      'segments',
      'messages',
      'capacity',
      'problemsByKind',
    ]),
    requests: {
      total: first.requests.total + second.requests.total,
      byOperation: sums(first.requests.byOperation, second.requests.byOperation),
    },
    passId: first.passId,
    startedAt: first.startedAt,
    durationMs: first.durationMs + second.durationMs,
    problems: problems.slice(0, MAX_PROBLEMS),
    problemsOmitted:
      first.problemsOmitted + second.problemsOmitted + Math.max(0, problems.length - MAX_PROBLEMS),
  };
}

type Counts = Readonly<Record<string, number>>;

const addedUp = <K extends keyof PassReport>(
  first: PassReport,
  second: PassReport,
  names: readonly K[],
): Pick<PassReport, K> =>
  Object.fromEntries(
    names.map((name) => [name, sums(first[name] as Counts, second[name] as Counts)]),
  ) as Pick<PassReport, K>;

const sums = (first: Counts, second: Counts): Counts =>
  Object.fromEntries(
    [...new Set([...Object.keys(first), ...Object.keys(second)])].map((name) => [
      name,
      (first[name] ?? 0) + (second[name] ?? 0),
    ]),
  );
