import { createSurvey, type Survey } from '../../functions/checker/survey.ts';
import { isDispatchable, type Task, type TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { isWorse } from './condition.ts';
import type { TaskTally, WorstTask } from './facts.ts';
import { conditionOfTask, type Moment, type TaskCondition } from './task-condition.ts';

/** A task that holds its job up more than others, as it was read. */
export interface Candidate {
  readonly sighting: TaskSighting<Task>;
  readonly condition: TaskCondition;
}

/** What the tasks of a job come to, before anything else is known. */
export interface Tallied {
  readonly survey: Survey;
  readonly tally: Omit<TaskTally, 'worst'>;
  /** The worst of them; of those that are late, the one that is so for the longest. */
  readonly worst: Candidate | undefined;
  /** Of those that wait in the queue, the one that was sent first. */
  readonly sentFirst: Candidate | undefined;
  /** When the last of them was created, epoch milliseconds. */
  readonly lastCreatedAt: number | undefined;
}

/** Counts the tasks of a job as they flow past: memory grows by 8 bytes per target. */
export function createTaskTally(job: KnownJob, moment: Moment) {
  const survey = createSurvey();
  const byState: Record<string, number> = {};
  const byCondition: Record<string, number> = {};
  let worst: Candidate | undefined;
  let sentFirst: Candidate | undefined;
  let lastCreatedAt: number | undefined;
  return {
    add(sighting: TaskSighting<Task>): void {
      survey.add(sighting);
      const { reading, raw } = sighting;
      const state = reading.ok ? reading.value.state : 'unreadable';
      byState[state] = (byState[state] ?? 0) + 1;
      const candidate = { sighting, condition: conditionOfTask(sighting, job, moment) };
      const { kind } = candidate.condition;
      byCondition[kind] = (byCondition[kind] ?? 0) + 1;
      if (worst === undefined || isWorseTask(candidate, worst)) worst = candidate;
      if (kind === 'inQueue' && !(sentAt(sentFirst) <= sentAt(candidate))) sentFirst = candidate;
      if (typeof raw.createdAt === 'bigint')
        lastCreatedAt = Math.max(lastCreatedAt ?? 0, Number(raw.createdAt));
    },
    end: (): Tallied => ({
      survey: survey.end(),
      tally: { byState, byCondition },
      worst,
      sentFirst,
      lastCreatedAt,
    }),
  };
}

/** What an explanation says of a task that holds its job up. */
export function worstTask({ sighting: { key, reading }, condition }: Candidate): WorstTask {
  const task = reading.ok ? reading.value : undefined;
  return {
    taskId: String(key.taskId),
    condition,
    targets: task?.targetSegmentIds.length,
    dueAt: task?.dueAt,
    leaseExpiresAt: task && isDispatchable(task) ? task.leaseExpiresAt : undefined,
  };
}

function isWorseTask(one: Candidate, worst: Candidate): boolean {
  if (isWorse(one.condition.level, worst.condition.level)) return true;
  return one.condition.level === 'late' && worst.condition.level === 'late' && dueAt(one) < dueAt(worst);
}

const dueAt = ({ sighting: { reading } }: Candidate): number =>
  (reading.ok ? reading.value.dueAt : undefined) ?? Number.POSITIVE_INFINITY;

const sentAt = (candidate: Candidate | undefined): number =>
  candidate === undefined ? Number.POSITIVE_INFINITY : Number(candidate.sighting.raw.enqueuedAt ?? 0);
