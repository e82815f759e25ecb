import { isId } from '../copy-segment/ids.ts';
import type { Location, SubmittedJob } from '../copy-segment/submission.ts';
import type { Issue } from './issues.ts';

// A time in seconds, microseconds or nanoseconds is in none of these years when it is read as milliseconds.
const EARLIEST_TIMEOUT = Date.UTC(2000, 0);
const LATEST_TIMEOUT = Date.UTC(2150, 0);

/** What is wrong with a job; its mappings are none of it. */
export function* checkJob({
  jobId,
  collectionId,
  sourceCollectionId,
  timeoutAt,
  source,
  target,
  snapshotName,
}: SubmittedJob): Generator<Issue> {
  const ids = { jobId, collectionId, ...(sourceCollectionId !== undefined && { sourceCollectionId }) };
  for (const [field, id] of Object.entries(ids)) if (!isId(id)) yield { field, reason: WRONG_ID };
  if (timeoutAt !== undefined && !(timeoutAt >= EARLIEST_TIMEOUT && timeoutAt < LATEST_TIMEOUT))
    yield {
      field: 'timeoutAt',
      reason: 'must be Unix milliseconds between the years 2000 and 2150',
    };
  for (const [field, location] of Object.entries({ source, target })) yield* checkLocation(field, location);
  if (snapshotName !== undefined && typeof snapshotName !== 'string')
    yield { field: 'snapshotName', reason: 'must be a string' };
}

function* checkLocation(name: string, location: Location | undefined): Generator<Issue> {
  if (location === undefined) return;
  if (typeof location.bucket !== 'string' || location.bucket === '')
    yield { field: `${name}.bucket`, reason: 'must be the name of a bucket' };
  if (typeof location.rootPath !== 'string')
    yield { field: `${name}.rootPath`, reason: 'must be a string; it is empty for the root of the bucket' };
}

export const WRONG_ID = 'must be a whole number between 1 and 2^63-1';
