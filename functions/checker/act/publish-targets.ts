import type { Change } from '../../copy-segment/change.ts';
import type { CheckedJob } from '../../copy-segment/checked-job.ts';
import { publishedThrough, publishing } from '../../copy-segment/checker-job-changes.ts';
import { type Owner, published } from '../../copy-segment/segment-changes.ts';
import type { Part } from '../../copy-segment/transaction.ts';
import { judgeTarget } from '../judge-target.ts';
import type { TargetBatch } from '../target-batches.ts';
import type { PublishPass } from './publish.ts';

/** How often targets that change while they are being published are read and published again. */
const MAX_ATTEMPTS = 3;

export type BatchEnd =
  /** `change`: what it did to the job. */
  | { readonly kind: 'published'; readonly change?: Change<'jobs'> | undefined }
  /** The job is no longer Publishing, or another checker publishes it. */
  | { readonly kind: 'movedOn' }
  /** A target that can never be published, and why. */
  | { readonly kind: 'lost'; readonly segmentId: bigint; readonly is: string }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Publishes up to 99 targets in one transaction with the job's fence. Assumes that they are as they should be; only when
 * one is not, it reads why.
 */
export async function publishTargets(
  pass: Pick<PublishPass, 'transact' | 'segments' | 'tally' | 'now'>,
  job: CheckedJob,
  { segmentIds, through }: TargetBatch,
): Promise<BatchEnd> {
  const { jobId } = job;
  const change =
    through !== undefined && through !== job.publishedThroughTaskId
      ? publishedThrough(job, through)
      : undefined;
  const fence: Part = change ? { change } : { check: publishing(job) };
  let open = new Map<bigint, Owner>(segmentIds.map((segmentId) => [segmentId, jobId]));

  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const now = pass.now();
    const targets = [...open].map(
      ([segmentId, owner]): Part => ({
        change: published({ segmentId, jobId }, owner, now),
      }),
    );
    const outcome = await pass.transact([fence, ...targets]);
    if (outcome.kind === 'failed') return outcome;
    if (outcome.kind === 'done') {
      pass.tally.segments.published += open.size;
      return { kind: 'published', change };
    }
    if (outcome.parts.some(({ index }) => index === 0)) return { kind: 'movedOn' };
    const read = await readWhy(pass, jobId, [...open.keys()]);
    if (read.kind !== 'open') return read;
    open = read.open;
    // Nothing left to flip, and no place to keep: the fence of the next transaction will do.
    if (open.size === 0 && change === undefined) return { kind: 'published' };
  }
  return { kind: 'failed', reason: 'targets kept changing while they were being published' };
}

/**
 * What is left to publish of targets, or the first that can never be. All are read: of a cancelled transaction an engine
 * tells why it failed, but need not tell of every part.
 */
async function readWhy(
  { segments, tally }: Pick<PublishPass, 'segments' | 'tally'>,
  jobId: bigint,
  segmentIds: readonly bigint[],
): Promise<{ readonly kind: 'open'; readonly open: Map<bigint, Owner> } | BatchEnd> {
  const { found, unread } = await segments.read(segmentIds);
  tally.read.segments += found.size;
  const [first] = unread;
  if (first) return { kind: 'failed', reason: `target ${first.key} could not be read: ${first.reason}` };
  const open = new Map<bigint, Owner>();
  let alreadyPublished = 0;
  for (const segmentId of segmentIds) {
    const judgement = judgeTarget(found.get(segmentId), jobId);
    if (judgement.kind === 'lost') {
      tally.segments.lost++;
      return { kind: 'lost', segmentId, is: judgement.is };
    }
    if (judgement.kind === 'open') open.set(segmentId, judgement.owner);
    else alreadyPublished++;
  }
  tally.segments.alreadyPublished += alreadyPublished;
  return { kind: 'open', open };
}
