import { done } from './conditional-update.ts';
import type { JobStore } from './job-store.ts';
import type { SchedulerQueue } from './scheduler-queue.ts';
import type { SegmentStore } from './segment-store.ts';
import type { TaskStore } from './task-store.ts';

/** The tables and the queue, as a pass sees them. */
export interface Stores {
  readonly jobs: JobStore;
  readonly tasks: TaskStore;
  readonly segments: SegmentStore;
  readonly queue: SchedulerQueue;
}

/** The same reads, and writes that all succeed without being made: the report says what would have been. */
export function dryRun({ jobs, tasks, segments }: Stores): Stores {
  const each = async (items: readonly unknown[]) => items.map(() => done);
  const one = async () => done;
  return {
    jobs: {
      due: jobs.due,
      read: jobs.read,
      smallestIds: jobs.smallestIds,
      settle: one,
      rest: one,
      schedule: one,
    },
    tasks: {
      due: tasks.due,
      read: tasks.read,
      ofJob: tasks.ofJob,
      mark: each,
      release: each,
      fail: each,
      settle: each,
      rest: each,
      schedule: each,
    },
    segments: { read: segments.read, drop: each },
    queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
  };
}
