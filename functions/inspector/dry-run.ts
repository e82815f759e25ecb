import type { Item } from '../copy-segment/item.ts';
import {
  done,
  type JobWrites,
  type SegmentWrites,
  type Stores,
  type TaskSighting,
  type TaskWrites,
} from '../copy-segment/stores.ts';
import type { Task } from '../copy-segment/task.ts';

/**
 * The same reads, and writes that all succeed without being made: the report says what would have been. What
 * was settled or dropped in the pass reads so later in it, or the report would count it twice. That takes memory
 * for the ids, which a pass that writes does not need.
 */
export function dryRun({ jobs, tasks, segments }: Stores): Stores {
  const settled = new Map<string, number>();
  const dropped = new Set<bigint>();

  const taskWrites: TaskWrites = {
    mark: each,
    release: each,
    fail: each,
    rest: each,
    schedule: each,
    settle: (tasksToSettle, now) => {
      for (const task of tasksToSettle) settled.set(keyOf(task), now);
      return each(tasksToSettle);
    },
  };
  const segmentWrites: SegmentWrites = {
    drop: (requests) => {
      for (const { segmentId } of requests) dropped.add(segmentId);
      return each(requests);
    },
  };
  const asSettled = (sighting: TaskSighting<Task>): TaskSighting<Task> => {
    if (!sighting.reading.ok) return sighting;
    const { value } = sighting.reading;
    const segmentsDroppedAt = settled.get(keyOf(value)) ?? value.segmentsDroppedAt;
    return segmentsDroppedAt === undefined
      ? sighting
      : { ...sighting, reading: { ok: true, value: { ...value, segmentsDroppedAt } } };
  };

  return {
    jobs: { ...jobs, ...jobWrites },
    tasks: {
      ...tasks,
      ...taskWrites,
      async *ofJob(jobId, afterTaskId) {
        for await (const page of tasks.ofJob(jobId, afterTaskId)) yield page.map(asSettled);
      },
    },
    segments: {
      ...segmentWrites,
      async read(segmentIds) {
        const found = await segments.read(segmentIds);
        const asDropped = ([id, item]: [bigint, Item]): [bigint, Item] =>
          dropped.has(id) ? [id, { ...item, state: 'Dropped' }] : [id, item];
        return new Map([...found].map(asDropped));
      },
    },
    queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
  };
}

const keyOf = ({ jobId, taskId }: Task): string => `${jobId}/${taskId}`;

const one = async () => done;
const each = async (items: readonly unknown[]) => items.map(() => done);

const jobWrites: JobWrites = { settle: one, savePlace: one, rest: one, schedule: one };
