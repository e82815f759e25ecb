import { applied } from '../../copy-segment/change.ts';
import type { CheckedJob } from '../../copy-segment/checked-job.ts';
import { jobCompleted, publicationBegun } from '../../copy-segment/checker-job-changes.ts';
import type { CheckPass } from '../check-pass.ts';
import type { Survey } from '../survey.ts';
import { targetBatches } from '../target-batches.ts';
import { isPastDeadline, TIMEOUT_WHILE_PUBLISHING } from '../verdict.ts';
import { changeJob, failJob, writeJob } from './change-job.ts';
import { publishTargets } from './publish-targets.ts';

export type PublishPass = Pick<
  CheckPass,
  'write' | 'transact' | 'segments' | 'tally' | 'now' | 'time' | 'shards'
>;

/**
 * Makes every target of a job visible: all of them, or, if one cannot be, none in the end. Its place is kept in the same
 * transactions, on the condition that it is where this publication left it: what is cut short is resumed there, and of
 * checkers that overlap one publishes.
 *
 * @param tasks all Completed
 * @returns false if the time ran short
 */
export async function publish(pass: PublishPass, judged: CheckedJob, tasks: Survey): Promise<boolean> {
  let job: CheckedJob | undefined = judged;
  if (judged.state === 'Executing') {
    const change = publicationBegun(judged, tasks.counters, pass.now(), pass.shards);
    job = await changeJob(pass, judged, change, 'publishing');
    if (job === undefined) return true;
  }
  for (const batch of targetBatches(tasks.targets, job.publishedThroughTaskId)) {
    if (pass.time.isOver()) return false;
    const end = await publishTargets(pass, job, batch);
    if (end.kind === 'published') {
      if (end.change) job = applied(job, end.change);
      continue;
    }
    if (pass.time.wasCutOff()) return false;
    if (end.kind === 'lost') await failJob(pass, job, `target ${end.segmentId} is ${end.is}`);
    if (end.kind === 'failed') await unpublished(pass, job, end.reason);
    if (end.kind === 'movedOn') pass.tally.jobs.movedOn++;
    return true;
  }
  await writeJob(pass, job, jobCompleted(job, pass.now()), 'completed');
  return true;
}

/** A look that could not publish; past the deadline it was the last one. */
export async function unpublished(
  pass: Pick<PublishPass, 'write' | 'tally' | 'now' | 'shards'>,
  job: CheckedJob,
  reason: string,
): Promise<void> {
  pass.tally.jobs.failed++;
  pass.tally.problem({ key: { jobId: String(job.jobId) }, kind: 'failed', reason });
  if (isPastDeadline(job, pass.now())) await failJob(pass, job, TIMEOUT_WHILE_PUBLISHING);
}
