import { isId } from './ids.ts';
import type { Breach, Invariant, Restore } from './invariants.ts';
import { wrongTimes } from './invariants-of-items.ts';
import { isJob, isRunning, isUnsettledFailure } from './job.ts';
import { placeOf } from './job-changes.ts';
import { judgeSegment } from './segment.ts';
import type { Task } from './task.ts';

const TIMES = ['droppedAt', 'publishedAt'];

export const targetInvariants: readonly Invariant[] = [
  {
    name: 'a segment that is Dropped is not importing',
    *breaches({ jobId, segments }): Generator<Breach> {
      // With it set, Milvus' segment GC never reclaimed the data (milvus-io/milvus#50271).
      for (const [segmentId, { state, isImporting }] of segments)
        if (state === 'Dropped' && isImporting === true)
          yield { key: { jobId, segmentId }, reason: 'isImporting is true' };
    },
  },
  {
    name: 'a segment is the target of one task',
    *breaches({ tasks }): Generator<Breach> {
      const taskOf = new Map<bigint, Task>();
      for (const task of readable(tasks))
        for (const segmentId of task.targetSegmentIds) {
          const other = taskOf.get(segmentId);
          taskOf.set(segmentId, task);
          if (other === undefined) continue;
          yield { key: keyOf(task, segmentId), reason: `it is a target of task ${other.taskId} as well` };
        }
    },
  },
  {
    name: 'what is settled has no target left',
    *breaches({ jobId, job, tasks, segments }): Generator<Breach> {
      if (!isId(jobId)) return;
      for (const task of readable(tasks)) {
        const settledBy = settlementOf(task, job);
        if (settledBy === undefined) continue;
        if (task.unreadableTargets !== undefined)
          yield {
            key: { jobId, taskId: task.taskId },
            reason: `${task.unreadableTargets}, though ${settledBy}`,
          };
        for (const segmentId of task.targetSegmentIds) {
          const segment = segments.get(segmentId);
          if (judgeSegment(segment, jobId, 'job') === 'droppable')
            yield { key: keyOf(task, segmentId), reason: `it is ${segment?.state}, though ${settledBy}` };
        }
      }
    },
  },
  {
    name: 'a target of a running job is Dropped only if its task failed',
    *breaches({ jobId, job, tasks, segments }): Generator<Breach> {
      if (job === 'missing' || !isJob(job) || !isRunning(job)) return;
      const failed = readable(tasks).filter(({ state }) => state === 'Failed');
      const mayBeDropped = new Set(failed.flatMap(({ targetSegmentIds }) => targetSegmentIds));
      for (const task of readable(tasks))
        for (const segmentId of task.targetSegmentIds) {
          const segment = segments.get(segmentId);
          // One without an owner may have been dropped by another job that names it.
          if (segment?.state !== 'Dropped' || segment.jobId !== jobId || mayBeDropped.has(segmentId))
            continue;
          const reason = `its task is ${task.state}, its job ${job.state}, and it can never be published`;
          yield { key: keyOf(task, segmentId), reason };
        }
    },
  },
  {
    name: 'the times of a segment are epoch milliseconds',
    *breaches({ jobId, segments }): Generator<Breach> {
      for (const [segmentId, segment] of segments)
        for (const reason of wrongTimes(segment, TIMES)) yield { key: { jobId, segmentId }, reason };
    },
  },
];

const readable = (tasks: Restore['tasks']): Task[] =>
  tasks.flatMap(({ reading }) => (reading.ok ? [reading.value] : []));

const keyOf = ({ jobId, taskId }: Task, segmentId: bigint): Breach['key'] => ({ jobId, taskId, segmentId });

/** Why nobody will drop the targets of a task any more, if so. */
function settlementOf(task: Task, job: Restore['job']): string | undefined {
  if (task.segmentsDroppedAt !== undefined) return 'its task is settled';
  // A task that is due under a Failed job had a late writer: its turn is yet to come.
  if (job === 'missing' || !isJob(job) || job.state !== 'Failed' || task.dueAt !== undefined)
    return undefined;
  if (!isUnsettledFailure(job)) return 'its job is settled';
  const { through, past, undropped } = placeOf(job);
  const place = past ?? through;
  const isPast = place !== undefined && task.taskId <= place && !undropped.includes(task.taskId);
  return isPast ? `the drops of its job are past task ${place}` : undefined;
}
