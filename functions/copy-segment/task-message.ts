import type { DispatchableTask, TaskKey } from './task.ts';

export type EnqueueReason = 'pending' | 'lease-expired' | 'recovery';

/** One message on the scheduler's queue; ids are strings in it, times epoch milliseconds. */
export interface TaskMessage {
  readonly key: TaskKey;
  readonly body: {
    readonly schema: 1;
    readonly jobId: string;
    readonly taskId: string;
    readonly collectionId: string;
    readonly taskVersion: number;
    readonly attempt: number;
    readonly reason: EnqueueReason;
    readonly enqueuedAt: number;
  };
}

/** The message that sends a task to the scheduler once more: its attempt is the enqueue count it leads to. */
export function messageFor(task: DispatchableTask, reason: EnqueueReason, now: number): TaskMessage {
  return {
    key: task,
    body: {
      schema: 1,
      jobId: String(task.jobId),
      taskId: String(task.taskId),
      collectionId: String(task.collectionId),
      taskVersion: task.taskVersion,
      attempt: task.enqueueCount + 1,
      reason,
      enqueuedAt: now,
    },
  };
}
