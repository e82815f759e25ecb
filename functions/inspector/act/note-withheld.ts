import type { RawId } from '../../copy-segment/ids.ts';
import type { LanePass } from './lane.ts';

/** Tells the report that the pass may not drop all of a job's targets: once per job, however many there are. */
export const noteWithheld = (
  { tally, dropGuard }: Pick<LanePass, 'tally' | 'dropGuard'>,
  jobId: RawId,
): void => tally.problem({ key: { jobId: String(jobId) }, kind: 'withheld', reason: dropGuard.reason });
