import type { CheckedJob } from '../../copy-segment/checked-job.ts';
import { jobWaited } from '../../copy-segment/checker-job-changes.ts';
import { backoffMs } from '../../copy-segment/due-index.ts';
import type { CheckPass } from '../check-pass.ts';
import type { Survey } from '../survey.ts';
import { writeJob } from './change-job.ts';

type WaitPass = Pick<CheckPass, 'write' | 'tally' | 'now' | 'shards'>;

/**
 * Puts the next look off, and sets the hints right. Hints that came in since the job was read are left as they are: the
 * look still counts, or a job whose workers report all the time would be read every minute. A marker that moved is news:
 * the job stays due.
 */
export async function wait(pass: WaitPass, job: CheckedJob, tasks: Survey): Promise<void> {
  const now = pass.now();
  if (typeof job.raw.createdAt === 'bigint') pass.tally.oldestRunning.note(Number(job.raw.createdAt));
  const looks = looksSinceNews(job, tasks) + 1;
  const [outcome] = await pass.write([jobWaited(job, { looks, counters: tasks.counters }, now, pass.shards)]);
  if (outcome?.kind === 'done') pass.tally.jobs.waited++;
  else if (outcome?.kind === 'conditionFailed')
    await writeJob(pass, job, jobWaited(job, { looks }, now, pass.shards), 'waited');
  else {
    pass.tally.jobs.failed++;
    pass.tally.problem({
      key: { jobId: String(job.jobId) },
      kind: 'failed',
      reason: outcome?.reason ?? 'no answer',
    });
  }
}

/** A task that was completed since the look before is news, whether its hint arrived or not. */
function looksSinceNews({ looks = 0, dueAt }: CheckedJob, { lastCompletedAt }: Survey): number {
  // That look set the marker, unless somebody with news has done so since.
  const lastLookAt = (dueAt ?? 0) - backoffMs(looks);
  return lastCompletedAt > lastLookAt ? 0 : looks;
}
