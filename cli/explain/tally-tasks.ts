import { createSurvey, type Survey } from '../../functions/checker/survey.ts';
import { isDispatchable, type Task, type TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import { isWorse } from './condition.ts';
import type { TaskTally, WorstTask } from './facts.ts';
import { conditionOfTask, type Moment, type TaskCondition } from './task-condition.ts';

/** Counts the tasks of a job as they flow past: memory grows by 8 bytes per target. */
export function createTaskTally(job: KnownJob, moment: Moment) {
  const survey = createSurvey();
  const byState: Record<string, number> = {};
  const byCondition: Record<string, number> = {};
  let worst: WorstTask | undefined;
  return {
    add(sighting: TaskSighting<Task>): void {
      survey.add(sighting);
      const { reading, key } = sighting;
      const state = reading.ok ? reading.value.state : 'unreadable';
      byState[state] = (byState[state] ?? 0) + 1;
      const condition = conditionOfTask(sighting, job, moment);
      byCondition[condition.kind] = (byCondition[condition.kind] ?? 0) + 1;
      const task = reading.ok ? reading.value : undefined;
      if (worst && !isWorseTask(condition, task?.dueAt, worst)) return;
      worst = {
        taskId: String(key.taskId),
        condition,
        dueAt: task?.dueAt,
        leaseExpiresAt: task && isDispatchable(task) ? task.leaseExpiresAt : undefined,
      };
    },
    end: (): { readonly survey: Survey; readonly tally: TaskTally } => ({
      survey: survey.end(),
      tally: { byState, byCondition, worst },
    }),
  };
}

/** Of those that are late, the one that is so for the longest. */
function isWorseTask({ level }: TaskCondition, dueAt: number | undefined, worst: WorstTask): boolean {
  if (isWorse(level, worst.condition.level)) return true;
  const isLater = (dueAt ?? Number.POSITIVE_INFINITY) < (worst.dueAt ?? Number.POSITIVE_INFINITY);
  return level === 'late' && worst.condition.level === 'late' && isLater;
}
