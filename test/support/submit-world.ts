import type { SubmittedJob } from '../../functions/copy-segment/submission.ts';
import type { Mapping } from '../../functions/submit/mapping-source.ts';
import { createSubmit, type SubmitOptions } from '../../functions/submit/submit.ts';
import type { SubmitResult } from '../../functions/submit/submit-result.ts';
import { type Disturbance, disturbedClients, type World } from './embedded-world.ts';

/** Sources 1001, 1002, … to targets 1, 2, … in partition 3, ten rows each. */
export const mappingsOf = (count: number, firstTarget = 1): Mapping[] =>
  Array.from({ length: count }, (_, index) => ({
    sourceSegmentId: BigInt(1_000_001 + index),
    targetSegmentId: BigInt(firstTarget + index),
    partitionId: 3n,
    numOfRows: 10,
  }));

export const RESTORE: SubmittedJob = {
  jobId: 1n,
  collectionId: 7n,
  source: { bucket: 'snapshots', rootPath: 'nightly' },
  target: { bucket: 'live', rootPath: 'files' },
  sourceCollectionId: 6n,
  snapshotName: 'nightly_2026_11_21',
};

export interface SubmitRun extends SubmitOptions {
  readonly disturb?: Disturbance;
}

/** Submits to a world's tables, at its clock. */
export function submitTo(
  world: World,
  job: SubmittedJob,
  mappings: readonly Mapping[],
  { disturb, ...options }: SubmitRun = {},
): Promise<SubmitResult> {
  const { dynamo } = disturbedClients(disturb);
  const submit = createSubmit({ dynamo, tables: world.tables, now: () => world.clock.now });
  return submit(job, () => mappings, options);
}
