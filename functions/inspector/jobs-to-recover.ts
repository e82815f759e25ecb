import { compareIds, isId, type RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import type { KeyPage } from '../copy-segment/stores.ts';
import type { Pass, ResumePoint } from './pass.ts';

/** A scan of Jobs may take this share of the time that a recovery has; the rest is for the work. */
const SCAN_SHARE = 0.5;

/** A job to recover, or, without one, a place that a scan has reached; and where to resume if it is not finished. */
export interface JobToRecover {
  readonly jobId?: RawId;
  readonly resume: ResumePoint;
}

type Walk = AsyncGenerator<JobToRecover>;
type WalkPass = Pick<Pass, 'jobs' | 'tasks' | 'request' | 'time'>;

/**
 * Every job: those of Jobs in ascending id, then what only Tasks knows, jobs that are missing.
 *
 * Tables are partitioned by hash, so the ids are scanned, held (8 bytes each) and sorted. Should the scan take more
 * than its share of the time, what it found is done in the table's own order instead, page by page: a pass that only
 * scanned would get nowhere, however often it is repeated.
 */
export async function* jobsToRecover(pass: WalkPass): Walk {
  const { jobIds, fromJobId, scannedThrough } = pass.request;
  const isFrom = (jobId: RawId): boolean => fromJobId === undefined || jobId >= fromJobId;
  if (jobIds) {
    for (const jobId of [...jobIds].filter(isFrom).sort(compareIds))
      yield { jobId, resume: { fromJobId: jobId } };
    return;
  }
  const place = scannedThrough === undefined ? undefined : parsePlace(scannedThrough);
  let known = new BigInt64Array();
  if (place === undefined) {
    const scan = await scanJobs(pass);
    if (scan.isComplete) {
      yield* ascending(scan, fromJobId);
      known = scan.ids;
    } else yield* inTableOrder(pass, isFrom, scan.pages, scan.resumeKey);
  } else if (place.table === 'jobs') yield* inTableOrder(pass, isFrom, [], place.key);
  const after = place?.table === 'tasks' ? place.key : undefined;
  yield* orphaned(pass, known, after);
}

interface Scan {
  readonly isComplete: boolean;
  /** Ids, ascending. */
  readonly ids: BigInt64Array<ArrayBuffer>;
  /** Keys that are no ids. */
  readonly strays: readonly RawId[];
  /** What was found, in the table's own order. */
  readonly pages: readonly KeyPage[];
  readonly resumeKey?: Item | undefined;
}

async function scanJobs({ jobs, time }: WalkPass): Promise<Scan> {
  const isUsedUp = time.share(SCAN_SHARE);
  const pages: KeyPage[] = [];
  let isComplete = true;
  for await (const page of jobs.ids()) {
    pages.push(page);
    if (page.resumeKey !== undefined && isUsedUp()) {
      isComplete = false;
      break;
    }
  }
  const found = pages.flatMap((page) => page.jobIds);
  const ids = BigInt64Array.from(found.filter(isId)).sort();
  return {
    isComplete,
    ids,
    strays: found.filter((jobId) => !isId(jobId)),
    pages,
    resumeKey: pages.at(-1)?.resumeKey,
  };
}

function* ascending({ ids, strays }: Scan, fromJobId = 1n): Generator<JobToRecover> {
  // A key that is no id has no place to resume from; there are few, if any.
  for (const jobId of strays) yield { jobId, resume: { fromJobId } };
  for (const jobId of ids) if (jobId >= fromJobId) yield { jobId, resume: { fromJobId: jobId } };
}

/** What a scan shows, page by page, in the order of the table. */
async function* inTableOrder(
  { jobs, request }: WalkPass,
  isFrom: (jobId: RawId) => boolean,
  pages: readonly KeyPage[],
  resumeKey: Item | undefined,
): Walk {
  let resume = resumeAt(request.fromJobId, undefined);
  const jobsOf = function* ({ jobIds, resumeKey: next }: KeyPage): Generator<JobToRecover> {
    for (const jobId of jobIds.filter(isFrom).sort(compareIds)) yield { jobId, resume };
    resume = resumeAt(request.fromJobId, next && { table: 'jobs', key: next });
    yield { resume };
  };
  for (const page of pages) yield* jobsOf(page);
  if (pages.length > 0 && resumeKey === undefined) return;
  resume = resumeAt(request.fromJobId, resumeKey && { table: 'jobs', key: resumeKey });
  for await (const page of jobs.ids(resumeKey)) yield* jobsOf(page);
}

/** Jobs that tasks name and Jobs does not have. */
async function* orphaned({ jobs, tasks }: WalkPass, known: BigInt64Array, after: Item | undefined): Walk {
  let resume = resumeAt(undefined, { table: 'tasks', key: after });
  let last: RawId | undefined;
  yield { resume };
  for await (const { jobIds, resumeKey } of tasks.jobIds(after)) {
    // The tasks of a job stand together.
    const distinct = jobIds.filter((jobId, index) => jobId !== (index === 0 ? last : jobIds[index - 1]));
    last = jobIds.at(-1) ?? last;
    const candidates = [...new Set(distinct.filter((jobId) => !includes(known, jobId)))];
    const found = candidates.length > 0 ? await jobs.read(candidates) : new Map();
    for (const jobId of candidates.sort(compareIds))
      if (found.get(jobId) === 'missing') yield { jobId, resume };
    resume = resumeAt(undefined, { table: 'tasks', key: resumeKey });
    if (resumeKey !== undefined) yield { resume };
  }
}

function includes(ascendingIds: BigInt64Array, jobId: RawId): boolean {
  if (!isId(jobId)) return false;
  let [low, high] = [0, ascendingIds.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascendingIds[middle] as bigint) < jobId) low = middle + 1;
    else high = middle;
  }
  return ascendingIds[low] === jobId;
}

/** Where a scan resumes: after a key of a table, or at its beginning. */
interface ScanPlace {
  readonly table: 'jobs' | 'tasks';
  readonly key?: Item | undefined;
}

const resumeAt = (fromJobId: bigint | undefined, place: ScanPlace | undefined): ResumePoint => ({
  ...((fromJobId !== undefined || place === undefined) && { fromJobId: fromJobId ?? 1n }),
  ...(place && { scannedThrough: formatPlace(place) }),
});

const KEYS = { jobs: ['jobId'], tasks: ['jobId', 'taskId'] } as const;

/** `jobs/12`, `tasks/12/7`; `tasks` alone is the beginning of that table. */
const formatPlace = ({ table, key }: ScanPlace): string =>
  [table, ...(key ? KEYS[table].map((name) => String(key[name])) : [])].join('/');

/** The place that a text stands for, or undefined if it is none. */
export function parsePlace(text: string): ScanPlace | undefined {
  const [table, ...values] = text.split('/');
  if (table !== 'jobs' && table !== 'tasks') return undefined;
  if (values.length === 0) return { table };
  if (values.length !== KEYS[table].length || !values.every((value) => /^-?\d+(\.\d+)?$/.test(value)))
    return undefined;
  // A key that is no id can be a place as well.
  const numbers = values.map((value) => (value.includes('.') ? Number(value) : BigInt(value)));
  return { table, key: Object.fromEntries(KEYS[table].map((name, index) => [name, numbers[index]])) };
}
