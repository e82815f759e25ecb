import type { SubmittedJob } from '../../functions/copy-segment/submission.ts';
import type { Mapping } from '../../functions/submit/mapping-source.ts';
import { COLLECTION_ID, jobIdOf, mappingAt, NOW } from './rows.ts';

/** What is submitted, by every contender the same. */
export const RESTORE: SubmittedJob = {
  jobId: jobIdOf(0),
  collectionId: COLLECTION_ID,
  timeoutAt: NOW + 24 * 3_600_000,
};

export function* mappings(count: number): Generator<Mapping> {
  for (let index = 0; index < count; index++) yield { ...mappingAt(index), numOfRows: 100_000 };
}
