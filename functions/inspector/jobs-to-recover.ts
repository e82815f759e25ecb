import { compareIds, isId, MAX_ID, type RawId } from '../copy-segment/ids.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import type { KeyPage } from '../copy-segment/stores.ts';
import type { Pass } from './pass.ts';
import type { PassRequest } from './pass-event.ts';
import { fromOf, parsePlace, type ResumePoint, resumeAt, type ScanPlace } from './resume-point.ts';
import { type AllIds, type ScannedPage, scanJobs, scanned } from './scan-jobs.ts';

/** A job to recover, or, without one, the place that a scan has reached; and where to resume if it is not finished. */
export interface JobToRecover {
  readonly jobId?: RawId;
  readonly resume: ResumePoint;
  /** Of the job, every task up to this one is done. */
  readonly afterTaskId?: RawId | undefined;
  /** Where to resume when every task of the job up to this one is done. */
  readonly resumeAfter?: (taskId: bigint) => ResumePoint;
}

type Walk = AsyncGenerator<JobToRecover>;
type WalkPass = Pick<Pass, 'jobs' | 'tasks' | 'request' | 'time'>;

/**
 * Every job: those of Jobs in ascending id, then what only Tasks knows, jobs that are missing.
 *
 * Tables are partitioned by hash, so the ids are scanned, held and sorted. Should the scan take more
 * than its share of the time, what it found is done in the table's own order instead: a pass that only
 * scanned would get nowhere, however often it is repeated.
 */
export async function* jobsToRecover(pass: WalkPass): Walk {
  const { request } = pass;
  const { jobIds, scannedThrough } = request;
  if (jobIds) {
    const named = [...jobIds].filter((jobId) => isFrom(request, jobId)).sort(compareIds);
    for (const jobId of named) yield inOrderOfIds(request, jobId);
    return;
  }
  const place = scannedThrough === undefined ? undefined : parsePlace(scannedThrough);
  let known: BigInt64Array = new BigInt64Array();
  if (place === undefined) {
    const scan = await scanJobs(pass);
    if ('pages' in scan) yield* inTableOrder(pass, undefined, scan.pages);
    else {
      known = scan.ids;
      yield* ascending(request, scan);
    }
  } else if (place.table === 'jobs') yield* inTableOrder(pass, place);
  yield* orphaned(pass, known, place?.table === 'tasks' ? place : { table: 'tasks' });
}

const isFrom = ({ fromJobId }: PassRequest, jobId: RawId): boolean =>
  fromJobId === undefined || jobId >= fromJobId;

/** A job from its beginning, or from the task at which the request says it resumes. */
function inOrderOfIds(request: PassRequest, jobId: bigint): JobToRecover {
  const resume = jobId === request.fromJobId ? fromOf(request) : { fromJobId: jobId };
  return {
    jobId,
    resume,
    afterTaskId: doneBefore(request, jobId),
    // Nothing comes after the last id.
    resumeAfter: (taskId) => (taskId < MAX_ID ? { fromJobId: jobId, fromTaskId: taskId + 1n } : resume),
  };
}

const doneBefore = ({ fromJobId, fromTaskId }: PassRequest, jobId: RawId): bigint | undefined =>
  jobId === fromJobId && fromTaskId !== undefined ? fromTaskId - 1n : undefined;

function* ascending(request: PassRequest, { ids, strays }: AllIds): Generator<JobToRecover> {
  // An invalid id is no place to resume from; there are few, if any.
  for (const jobId of strays) yield { jobId, resume: { fromJobId: 1n, ...fromOf(request) } };
  for (const jobId of ids) if (isFrom(request, jobId)) yield inOrderOfIds(request, jobId);
}

/**
 * What a scan shows, in the order of the table: the key of each job is a place, and so is a task in its midst.
 *
 * @param place where the scan resumes; undefined: it starts with these pages
 */
async function* inTableOrder(
  { jobs, request }: WalkPass,
  place: ScanPlace | undefined,
  pages: readonly ScannedPage[] = [],
): Walk {
  let resume = resumeAt(place, request);
  const through = (jobId: RawId, throughTaskId?: bigint): ResumePoint =>
    resumeAt({ table: 'jobs', key: { jobId }, throughTaskId }, request);
  const jobAt = (jobId: bigint, afterTaskId = doneBefore(request, jobId)): JobToRecover => ({
    jobId,
    resume,
    afterTaskId,
    resumeAfter: (taskId) => through(jobId, taskId),
  });
  const jobsOf = function* ({ ids, strays, resumeKey: next }: ScannedPage): Generator<JobToRecover> {
    // Apart from the order of the others, an invalid id marks no place.
    for (const jobId of strays) if (isFrom(request, jobId)) yield { jobId, resume };
    for (const jobId of ids) {
      if (isFrom(request, jobId)) yield jobAt(jobId);
      resume = through(jobId);
    }
    resume = resumeAt(next ? { table: 'jobs', key: next } : { table: 'tasks' }, next && request);
    yield { resume };
  };

  for (const page of pages) yield* jobsOf(page);
  const last = pages.at(-1);
  if (last && last.resumeKey === undefined) return;
  const key = last?.resumeKey ?? place?.key;
  if (place?.throughTaskId !== undefined) {
    const jobId = place.key?.jobId as bigint;
    yield jobAt(jobId, place.throughTaskId);
    resume = through(jobId);
  }
  for await (const page of jobs.ids(key)) yield* jobsOf(scanned(page));
}

/** Jobs that tasks name and Jobs does not have, in the order of the table. */
async function* orphaned({ jobs, tasks }: WalkPass, known: BigInt64Array, start: ScanPlace): Walk {
  let resume = resumeAt(start);
  yield { resume };
  let key = start.key;
  do {
    const page = await firstOf(tasks.jobIds(key));
    // The tasks of a job are adjacent.
    const candidates = [...new Set(page.jobIds)].filter((jobId) => !includes(known, jobId));
    const found = candidates.length > 0 ? await jobs.read(candidates) : new Map<RawId, JobLookup>();
    key = page.resumeKey;
    for (const jobId of candidates) {
      if (!isOrphaned(found.get(jobId))) continue;
      yield {
        jobId,
        resume,
        afterTaskId: jobId === start.key?.jobId ? (start.key?.taskId as RawId) : undefined,
        resumeAfter: (taskId) => resumeAt({ table: 'tasks', key: { jobId, taskId } }),
      };
      // All its tasks are done, not only those of this page.
      resume = resumeAt({ table: 'tasks', key: { jobId, taskId: MAX_ID } });
      if (key?.jobId === jobId) key = { jobId, taskId: MAX_ID };
    }
    resume = resumeAt({ table: 'tasks', key });
    if (key !== undefined) yield { resume };
  } while (key !== undefined);
}

/** A scan has at least one page. */
async function firstOf(pages: AsyncIterable<KeyPage>): Promise<KeyPage> {
  for await (const page of pages) return page;
  return { jobIds: [] };
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
