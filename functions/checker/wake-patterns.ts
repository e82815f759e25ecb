import type { TaskState } from '../copy-segment/task.ts';
import { type EventPattern, wasNot } from '../pass/event-pattern.ts';

const ENDED: readonly TaskState[] = ['Completed', 'Failed'];

/** How long the checker waits for more, in milliseconds, so that tasks that end together make one look. */
export const CHECKER_WINDOW_MS = 1_000;

/**
 * What on Tasks the checker looks at its job for: a task ended. Which completion is the last no pattern can tell.
 * The checker writes no task, so it cannot wake itself.
 */
export const WAKES_CHECKER_ON_TASKS: readonly EventPattern[] = ENDED.map((state) => ({
  dynamodb: { OldImage: { state: wasNot(state) }, NewImage: { state: { S: [state] } } },
}));
