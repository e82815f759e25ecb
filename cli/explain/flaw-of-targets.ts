import { judgeTarget } from '../../functions/checker/judge-target.ts';
import type { Survey } from '../../functions/checker/survey.ts';
import { toCheckedJob } from '../../functions/copy-segment/checked-job.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isUnsettledFailure, type Job } from '../../functions/copy-segment/job.ts';
import { judgeSegment } from '../../functions/copy-segment/segment.ts';
import type { SegmentReads } from '../../functions/copy-segment/stores.ts';
import type { TaskCondition } from './task-condition.ts';

/** The targets of a job are looked at while they are no more than this: a job may have millions. */
const MAX_TARGETS_READ = 500;

/** What the targets of a job come to, as far as they were read. */
export interface TargetsSeen {
  readonly read: number;
  readonly of: number;
  /** The first one that is not as it has to be, and its task. */
  readonly flaw?: { readonly taskId: bigint; readonly condition: TaskCondition } | undefined;
}

/** Looks at the targets of a job that is being published, or was settled: whether they can be, or were, all of them. */
export async function seeTargets(
  segments: SegmentReads,
  job: Job,
  { targets: { segmentIds, taskIds, ends } }: Pick<Survey, 'targets'>,
): Promise<TargetsSeen | undefined> {
  const isSettled = job.state === 'Failed' && !isUnsettledFailure(job);
  if (job.state !== 'Publishing' && !isSettled) return undefined;
  const published = toCheckedJob(job).publishedThroughTaskId ?? 0n;
  const all: (readonly [taskId: bigint, segmentId: bigint])[] = [];
  let of = 0;
  for (let task = 0, at = 0; task < taskIds.length; task++) {
    const taskId = taskIds.at(task);
    for (const end = Number(ends.at(task)); at < end; at++) {
      if (taskId <= published) continue;
      of++;
      if (all.length < MAX_TARGETS_READ) all.push([taskId, segmentIds.at(at)]);
    }
  }
  const ids = [...new Set(all.map(([, segmentId]) => segmentId))];
  const { found, unread } = ids.length === 0 ? { found: new Map(), unread: [] } : await segments.read(ids);
  const unknown = new Set(unread.map(({ key }) => key));
  for (const [taskId, segmentId] of all) {
    if (unknown.has(segmentId)) continue;
    const condition = flawOf(job, segmentId, found.get(segmentId));
    if (condition) return { read: all.length - unknown.size, of, flaw: { taskId, condition } };
  }
  return { read: all.length - unknown.size, of };
}

function flawOf(job: Job, segmentId: bigint, segment: Item | undefined): TaskCondition | undefined {
  if (job.state === 'Publishing') {
    const judgement = judgeTarget(segment, job.jobId);
    return judgement.kind === 'lost'
      ? {
          kind: 'targetLost',
          level: 'stuck',
          because: `target ${segmentId} is ${judgement.is}: the job cannot be published`,
        }
      : undefined;
  }
  return judgeSegment(segment, job.jobId, 'job') === 'droppable'
    ? {
        kind: 'leftVisible',
        level: 'stuck',
        because: `target ${segmentId} is ${String(segment?.state)}, though its job failed and is settled`,
      }
    : undefined;
}
