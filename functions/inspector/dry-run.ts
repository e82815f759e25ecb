import { done, type JobWrites, type SegmentWrites, type Stores, type TaskWrites } from './stores.ts';

/** The same reads, and writes that all succeed without being made: the report says what would have been. */
export const dryRun = ({ jobs, tasks, segments }: Stores): Stores => ({
  jobs: { ...jobs, ...jobWrites },
  tasks: { ...tasks, ...taskWrites },
  segments: { ...segments, ...segmentWrites },
  queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
});

const one = async () => done;
const each = async (items: readonly unknown[]) => items.map(() => done);

const jobWrites: JobWrites = { settle: one, rest: one, schedule: one };
const taskWrites: TaskWrites = {
  mark: each,
  release: each,
  fail: each,
  settle: each,
  rest: each,
  schedule: each,
};
const segmentWrites: SegmentWrites = { drop: each };
