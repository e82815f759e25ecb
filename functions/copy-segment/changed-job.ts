import { asRead, type Change } from './change.ts';
import type { Job } from './job.ts';

type JobChange = Change<'jobs'>;

/** On the condition that its state, and these attributes, are as they were read. */
export const changedJob = (job: Job, ...unchanged: readonly (keyof JobChange['if'])[]): JobChange => ({
  table: 'jobs',
  key: { jobId: job.jobId },
  if: asRead(job.raw, 'state', ...unchanged),
  set: {},
  remove: [],
});
