import { done, type Stores } from '../copy-segment/stores.ts';
import type { Task, TaskSighting } from '../copy-segment/task.ts';
import { createOverlay, jobsUnder, segmentsUnder } from '../pass/overlay.ts';

/**
 * The same reads, and changes that all succeed without being made: the report says what would have been. What was
 * changed in the pass reads so later in it, or the report would count it twice.
 */
export function dryRun({ jobs, tasks, segments }: Stores): Stores {
  const overlay = createOverlay();
  const asChanged = (sighting: TaskSighting<Task>): TaskSighting<Task> => {
    const { key, reading } = sighting;
    if (!reading.ok) return sighting;
    return {
      ...sighting,
      reading: { ok: true, value: overlay.over('tasks', reading.value, key.jobId, key.taskId) },
    };
  };

  return {
    jobs: jobsUnder(overlay, jobs),
    tasks: {
      ...tasks,
      async read(keys) {
        const { found, unread } = await tasks.read(keys);
        return { found: found.map(asChanged), unread };
      },
      async *ofJob(jobId, afterTaskId) {
        for await (const page of tasks.ofJob(jobId, afterTaskId)) yield page.map(asChanged);
      },
    },
    segments: segmentsUnder(overlay, segments),
    async write(changes) {
      for (const change of changes) overlay.add(change);
      return changes.map(() => done);
    },
    queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
  };
}
