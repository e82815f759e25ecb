import { compareIds, isId, type RawId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import { type KeyPage, TemporaryError } from '../copy-segment/stores.ts';
import type { Pass } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import { fromOf, parsePlace, type ResumePoint, resumeAt } from './resume-point.ts';

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
  const { request } = pass;
  const { jobIds, scannedThrough } = request;
  if (jobIds) {
    const named = [...jobIds].filter((jobId) => isFrom(request, jobId)).sort(compareIds);
    for (const jobId of named) yield { jobId, resume: at(request, jobId) };
    return;
  }
  const place = scannedThrough === undefined ? undefined : parsePlace(scannedThrough);
  let known = new BigInt64Array();
  if (place === undefined) {
    const scan = await scanJobs(pass);
    if (scan.isComplete) {
      known = sorted(scan.pages);
      yield* ascending(request, scan.pages, known);
    } else yield* inTableOrder(pass, scan.pages, scan.resumeKey);
  } else if (place.table === 'jobs') yield* inTableOrder(pass, [], place.key);
  const after = place?.table === 'tasks' ? place.key : undefined;
  yield* orphaned(pass, known, after);
}

const isFrom = ({ fromJobId }: PassRequest, jobId: RawId): boolean =>
  fromJobId === undefined || jobId >= fromJobId;

/** The place of a job: its beginning, or the task at which the request says it resumes. */
const at = (request: PassRequest, jobId: bigint): ResumePoint =>
  jobId === request.fromJobId ? fromOf(request) : { fromJobId: jobId };

/** A page of a scan: a table may have millions of ids, so they are held in eight bytes each. */
interface ScannedPage {
  readonly ids: BigInt64Array;
  /** Keys that are invalid ids. */
  readonly strays: readonly RawId[];
  /** Where a scan resumes after this page; undefined at the end. */
  readonly resumeKey?: Item | undefined;
}

const scanned = ({ jobIds, resumeKey }: KeyPage): ScannedPage => ({
  ids: BigInt64Array.from(jobIds.filter(isId)),
  strays: jobIds.filter((jobId) => !isId(jobId)),
  resumeKey,
});

interface Scan {
  readonly isComplete: boolean;
  /** The pages read so far, in the table's own order. */
  readonly pages: readonly ScannedPage[];
  readonly resumeKey?: Item | undefined;
}

async function scanJobs({ jobs, time }: WalkPass): Promise<Scan> {
  const isUsedUp = time.share(SCAN_SHARE);
  const pages: ScannedPage[] = [];
  let isComplete = true;
  try {
    for await (const page of jobs.ids()) {
      pages.push(scanned(page));
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
  return { isComplete, pages, resumeKey: pages.at(-1)?.resumeKey };
}

function sorted(pages: readonly ScannedPage[]): BigInt64Array<ArrayBuffer> {
  const all = new BigInt64Array(pages.reduce((sum, { ids }) => sum + ids.length, 0));
  let length = 0;
  for (const { ids } of pages) {
    all.set(ids, length);
    length += ids.length;
  }
  return all.sort();
}

function* ascending(
  request: PassRequest,
  pages: readonly ScannedPage[],
  ids: BigInt64Array,
): Generator<JobToRecover> {
  // An invalid id is no place to resume from; there are few, if any.
  for (const { strays } of pages)
    for (const jobId of strays) yield { jobId, resume: { fromJobId: 1n, ...fromOf(request) } };
  for (const jobId of ids) if (isFrom(request, jobId)) yield { jobId, resume: at(request, jobId) };
}

/** What a scan shows, page by page, in the order of the table. */
async function* inTableOrder(
  { jobs, request }: WalkPass,
  pages: readonly ScannedPage[],
  resumeKey: Item | undefined,
): Walk {
  let resume = resumeAt(undefined, request);
  const jobsOf = function* ({ ids, strays, resumeKey: next }: ScannedPage): Generator<JobToRecover> {
    const jobIds = [...strays, ...ids].filter((jobId) => isFrom(request, jobId)).sort(compareIds);
    for (const jobId of jobIds) yield { jobId, resume };
    resume = next ? resumeAt({ table: 'jobs', key: next }, request) : resumeAt({ table: 'tasks' });
    yield { resume };
  };
  for (const page of pages) yield* jobsOf(page);
  if (pages.length > 0 && resumeKey === undefined) return;
  resume = resumeAt(resumeKey && { table: 'jobs', key: resumeKey }, request);
  for await (const page of jobs.ids(resumeKey)) yield* jobsOf(scanned(page));
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
