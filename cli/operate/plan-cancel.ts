import { jobCancelled } from '../../functions/copy-segment/checker-job-changes.ts';
import { isJob } from '../../functions/copy-segment/job.ts';
import { countOf } from '../terminal/count-of.ts';
import { nothing, type Plan, planned, refused } from './plan.ts';
import type { JobSituation } from './situation.ts';
import { timeText } from './time-text.ts';

/** Gives up a restore. */
export function planCancel({ jobId, job, now, shards }: JobSituation, who: string): Plan {
  if (job === 'missing') return refused(`There is no job ${jobId}.`);
  if (!isJob(job)) return refused(`Job ${jobId} cannot be read: ${job.unreadable}.`);
  if (job.state === 'Failed')
    return nothing(`Job ${jobId} failed already${job.reason === undefined ? '' : `: ${job.reason}`}.`);
  if (job.state === 'Completed')
    return refused(`Job ${jobId} is Completed: its segments are visible, and stay so.`);
  const change = jobCancelled(job, who, now, shards);
  if (change === undefined) {
    const { timeoutAt } = job.raw;
    const deadline =
      typeof timeoutAt === 'bigint' ? ` If it gets stuck, it fails at ${timeText(Number(timeoutAt))}.` : '';
    return refused(
      `Job ${jobId} is Publishing: its segments are becoming visible, and it can no longer be cancelled.${deadline}`,
    );
  }
  const { totalSegments } = job.raw;
  const targets =
    typeof totalSegments === 'bigint' ? `its ${countOf(Number(totalSegments), 'target')}` : 'its targets';
  return planned(
    `The next inspection drops ${targets}, from within a minute on; workers stop at their next heartbeat.`,
    ['This is final: to restore, submit a new job with new targets.'],
    { change, before: job.raw },
  );
}
