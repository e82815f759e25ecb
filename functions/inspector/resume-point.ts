import type { Item } from '../copy-segment/item.ts';

/** Where a recovery resumes. */
export interface ResumePoint {
  /** Every job before this one is done. */
  readonly fromJobId?: bigint;
  /** Of the job `fromJobId`, every task before this one is done. */
  readonly fromTaskId?: bigint;
  /** Everything is done that a scan in the table's own order shows up to this key: `jobs/12`, `tasks/12/7`. */
  readonly scannedThrough?: string;
}

/** Where a scan resumes: after a key of a table, or at its beginning. */
export interface ScanPlace {
  readonly table: 'jobs' | 'tasks';
  readonly key?: Item | undefined;
}

/** The part of a place that is in the order of ids. */
export const fromOf = ({ fromJobId, fromTaskId }: ResumePoint): ResumePoint => ({
  ...(fromJobId !== undefined && { fromJobId }),
  ...(fromTaskId !== undefined && { fromTaskId }),
});

/**
 * @param place undefined: no scan has started yet
 * @param from what the recovery leaves out as done before
 */
export const resumeAt = (place: ScanPlace | undefined, from: ResumePoint = {}): ResumePoint => ({
  ...(place === undefined && { fromJobId: 1n }),
  ...fromOf(from),
  ...(place && { scannedThrough: formatPlace(place) }),
});

const KEYS = { jobs: ['jobId'], tasks: ['jobId', 'taskId'] } as const;

/** `jobs/12`, `tasks/12/7`; `tasks` alone is the beginning of that table. */
const formatPlace = ({ table, key }: ScanPlace): string =>
  [table, ...(key ? KEYS[table].map((name) => String(key[name])) : [])].join('/');

/** The place that a text stands for, or undefined if it is malformed. */
export function parsePlace(text: string): ScanPlace | undefined {
  const [table, ...values] = text.split('/');
  if (table !== 'jobs' && table !== 'tasks') return undefined;
  if (values.length === 0) return { table };
  if (
    values.length !== KEYS[table].length ||
    !values.every((value) => /^-?\d+(\.\d+)?(e-?\d+)?$/.test(value))
  )
    return undefined;
  // An invalid id can be a place as well.
  const numbers = values.map((value) => (/[.e]/.test(value) ? Number(value) : BigInt(value)));
  return { table, key: Object.fromEntries(KEYS[table].map((name, index) => [name, numbers[index]])) };
}
