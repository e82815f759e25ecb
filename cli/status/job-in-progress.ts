import { compareIds, type RawId } from '../../functions/copy-segment/ids.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { isJob, isRunning } from '../../functions/copy-segment/job.ts';
import type { TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { GRACE_MS, LEVELS } from '../explain/condition.ts';
import { conditionOfJob } from '../explain/job-condition.ts';
import {
  conditionOfTask,
  type Moment,
  TASK_CONDITION_KINDS,
  type TaskCondition,
} from '../explain/task-condition.ts';
import type { JobStatus, Progress } from './status.ts';

/** A job that is not over, and what its tasks come to as they flow past. */
export interface JobInProgress {
  readonly job: KnownJob;
  add(sighting: TaskSighting): TaskCondition;
  /** Whether its tasks have to be read: its counters and the index do not account for all of them, or a check is overdue. */
  isInDoubt(): boolean;
  /** The worst of its tasks so far. */
  worst(): JobStatus['worst'];
  status(): JobStatus;
}

/** How many tasks are in a condition, and the condition of the first of them. */
interface Counted {
  readonly condition: TaskCondition;
  readonly taskId: RawId;
  readonly count: number;
}

export function createJobInProgress(jobId: RawId, job: KnownJob, moment: Moment): JobInProgress {
  const byKind = new Map<TaskCondition['kind'], Counted>();
  let seen = 0;
  const worst = () => worstOf([...byKind.values()]);
  return {
    job,
    add(sighting) {
      seen++;
      const condition = conditionOfTask(sighting, job, moment);
      const { taskId } = sighting.key;
      const known = byKind.get(condition.kind);
      const isFirst = known === undefined || compareIds(taskId, known.taskId) < 0;
      byKind.set(condition.kind, {
        ...(isFirst ? { condition, taskId } : known),
        count: (known?.count ?? 0) + 1,
      });
      return condition;
    },
    isInDoubt() {
      if (job === 'missing' || !isJob(job) || !isRunning(job)) return false;
      const { tasks } = progressOf(job.raw);
      const isOverdue = job.dueAt !== undefined && job.dueAt < moment.now - GRACE_MS;
      return isOverdue || seen < (tasks.of === undefined ? 1 : tasks.of - (tasks.done ?? 0));
    },
    worst,
    status: () => ({
      jobId: String(jobId),
      state: job === 'missing' ? 'missing' : isJob(job) ? job.state : 'unreadable',
      ...progressOf(job === 'missing' ? {} : job.raw),
      condition: conditionOfJob(job, undefined, moment),
      worst: worst(),
    }),
  };
}

/** Shards answer in any order, and the worst is the same. */
function worstOf(counted: readonly Counted[]): JobStatus['worst'] {
  const rank = ({ condition: { level, kind } }: Counted): number =>
    TASK_CONDITION_KINDS.indexOf(kind) - LEVELS.indexOf(level) * TASK_CONDITION_KINDS.length;
  const [worst] = counted.toSorted((a, b) => rank(a) - rank(b));
  return worst && { condition: worst.condition, count: worst.count };
}

/** As its counters have it: nobody decides by them, and they may lag behind. Other writers' jobs have none. */
const progressOf = (raw: Item): Pick<JobStatus, 'tasks' | 'segments'> => ({
  tasks: progress(numberOf(raw.completedTasks), numberOf(raw.totalTasks)),
  segments: progress(numberOf(raw.completedSegments), numberOf(raw.totalSegments)),
});

const progress = (done: number | undefined, of: number | undefined): Progress => ({
  done: done ?? (of === undefined ? undefined : 0),
  of,
});

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined;
