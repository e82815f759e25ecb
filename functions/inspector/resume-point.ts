import { isId, parseId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';

/** Where a recovery resumes. */
export interface ResumePoint {
  /** Every job before this one is done, or was left out. */
  readonly fromJobId?: bigint;
  /** Of the job `fromJobId`, every task before this one is done. */
  readonly fromTaskId?: bigint;
  /**
   * Everything is done that a scan in the table's own order shows up to this key: `jobs/12`, `tasks/12/7`.
   * `jobs/12/7`: of the job 12 itself, only the tasks up to 7.
   */
  readonly scannedThrough?: string;
}

/** Where a scan resumes: after a key of a table, or at its beginning. */
export interface ScanPlace {
  readonly table: 'jobs' | 'tasks';
  readonly key?: Item | undefined;
  /** With a key of Jobs: of that job, only the tasks up to this one are done. */
  readonly throughTaskId?: bigint | undefined;
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

/** `jobs/12`, `jobs/12/7`, `tasks/12/7`; `tasks` alone is the beginning of that table. */
const formatPlace = ({ table, key, throughTaskId }: ScanPlace): string =>
  [
    table,
    ...(key ? KEYS[table].map((name) => String(key[name])) : []),
    ...(throughTaskId === undefined ? [] : [String(throughTaskId)]),
  ].join('/');

/** The place that a text stands for, or undefined if it is malformed. */
export function parsePlace(text: string): ScanPlace | undefined {
  const [table, ...values] = text.split('/');
  if (table !== 'jobs' && table !== 'tasks') return undefined;
  if (values.length === 0) return { table };
  const names = KEYS[table];
  const [keyValues, [throughTask, ...rest]] = [values.slice(0, names.length), values.slice(names.length)];
  if (keyValues.length < names.length || !keyValues.every(isNumber)) return undefined;
  // An invalid id can be a place as well.
  const numbers = keyValues.map((value) => (/[.e]/.test(value) ? Number(value) : BigInt(value)));
  const key = Object.fromEntries(names.map((name, index) => [name, numbers[index]]));
  if (throughTask === undefined) return { table, key };
  const throughTaskId = parseId(throughTask);
  const isWithinJob = table === 'jobs' && rest.length === 0 && isId(key.jobId);
  return isWithinJob && throughTaskId !== undefined ? { table, key, throughTaskId } : undefined;
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?(e-?\d+)?$/.test(text);
