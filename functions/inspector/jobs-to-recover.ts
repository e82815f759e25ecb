import { compareIds, isId, type RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import { type KeyPage, TemporaryError } from '../copy-segment/stores.ts';
import type { Pass } from './pass.ts';
import { parsePlace, type ResumePoint, resumeAt } from './resume-point.ts';

/** A scan of Jobs may take this share of the time that a recovery has; the rest is for the work. */
const SCAN_SHARE = 0.5;

/** A job to recover, or, without one, the place that a scan has reached; and where to resume if it is not finished. */
export interface JobToRecover {
  readonly jobId?: RawId;
  readonly resume: ResumePoint;
}

type Walk = AsyncGenerator<JobToRecover>;
type WalkPass = Pick<Pass, 'jobs' | 'tasks' | 'request' | 'time'>;

/**
 * Every job: those of Jobs in ascending id, then what only Tasks knows, jobs that are missing.
 *
 * Tables are partitioned by hash, so the ids are scanned, held and sorted. Should the scan take more
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
  /** Keys that are invalid ids. */
  readonly strays: readonly RawId[];
  /** The pages read so far, in the table's own order. */
  readonly pages: readonly KeyPage[];
  readonly resumeKey?: Item | undefined;
}

async function scanJobs({ jobs, time }: WalkPass): Promise<Scan> {
  const isUsedUp = time.share(SCAN_SHARE);
  const pages: KeyPage[] = [];
  let isComplete = true;
  try {
    for await (const page of jobs.ids()) {
      pages.push(page);
      if (page.resumeKey !== undefined && isUsedUp()) {
        isComplete = false;
        break;
      }
    }
  } catch (error) {
    // What was found is worth doing before the scan is tried again where it ended.
    if (!(error instanceof TemporaryError) || pages.length === 0) throw error;
    isComplete = false;
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
  // An invalid id is no place to resume from; there are few, if any.
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
  let resume = resumeAt(undefined, request.fromJobId);
  const jobsOf = function* ({ jobIds, resumeKey: next }: KeyPage): Generator<JobToRecover> {
    for (const jobId of jobIds.filter(isFrom).sort(compareIds)) yield { jobId, resume };
    resume = next ? resumeAt({ table: 'jobs', key: next }, request.fromJobId) : resumeAt({ table: 'tasks' });
    yield { resume };
  };
  for (const page of pages) yield* jobsOf(page);
  if (pages.length > 0 && resumeKey === undefined) return;
  resume = resumeAt(resumeKey && { table: 'jobs', key: resumeKey }, request.fromJobId);
  for await (const page of jobs.ids(resumeKey)) yield* jobsOf(page);
}

/** Jobs that tasks name and Jobs does not have. */
async function* orphaned({ jobs, tasks }: WalkPass, known: BigInt64Array, after: Item | undefined): Walk {
  let resume = resumeAt({ table: 'tasks', key: after });
  let last: RawId | undefined;
  yield { resume };
  for await (const { jobIds, resumeKey } of tasks.jobIds(after)) {
    // The tasks of a job are adjacent.
    const distinct = jobIds.filter((jobId, index) => jobId !== (index === 0 ? last : jobIds[index - 1]));
    last = jobIds.at(-1) ?? last;
    const candidates = [...new Set(distinct.filter((jobId) => !includes(known, jobId)))];
    const found = candidates.length > 0 ? await jobs.read(candidates) : new Map<RawId, JobLookup>();
    for (const jobId of candidates.sort(compareIds))
      if (isOrphaned(found.get(jobId))) yield { jobId, resume };
    resume = resumeAt({ table: 'tasks', key: resumeKey });
    if (resumeKey !== undefined) yield { resume };
  }
}

/** A job that did not answer may be missing: whoever judges its tasks finds out, or says that it could not. */
const isOrphaned = (job: JobLookup | undefined): boolean =>
  job === 'missing' || (job !== undefined && 'unread' in job);

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
