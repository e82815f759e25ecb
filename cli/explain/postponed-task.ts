import type { DropCause } from '../../functions/copy-segment/segment.ts';
import type { IndexedTask, Task } from '../../functions/copy-segment/task.ts';
import { WHAT_IS_LEFT_IS_UNREADABLE } from '../../functions/copy-segment/task-changes.ts';
import { timeText } from '../operate/time-text.ts';
import { blockOf, isWithheldUntil, leftOf, type Segments } from './drop-postponed.ts';
import type { TaskCondition } from './task-condition.ts';

/** A Failed task that is not due: a pass put it off, or whoever failed it left the marker as it was. */
export function postponedDrop(
  task: IndexedTask | Task,
  cause: DropCause,
  targets: Segments | undefined,
  now: number,
): TaskCondition {
  // The index shows neither attempts nor targets.
  if (!('dropAttempts' in task)) return postponed('its drops are put off');
  const isTried = task.dropAttempts > 0;
  const isLeft = targets === undefined ? !isTried : leftOf(task, targets, cause) !== undefined;
  if (isLeft && isWithheldUntil(task.dueAt, task.raw.completedAt, now))
    return {
      kind: 'withheld',
      level: 'late',
      because: 'its drops are withheld: a pass had dropped as many segments as it may',
    };
  const block = blockOf(task, targets, cause);
  if (block !== undefined || isTried) return postponed(block ?? WHAT_IS_LEFT_IS_UNREADABLE);
  return {
    kind: 'markerTooFar',
    level: 'stuck',
    because: `it failed, and its dueAt is ${timeText(task.dueAt ?? now)}: whoever failed it did not make it due`,
  };
}

const postponed = (because: string): TaskCondition => ({ kind: 'dropPostponed', level: 'stuck', because });
