import type { TaskState } from '../functions/copy-segment/task.ts';

/** Writes of others, and the consequence that is waited for. */
export interface ReactionRun {
  readonly name: 'reactions';
  readonly what: string;
  /** Tasks that are written. */
  readonly size: number;
  /** Between two writes, on average. */
  readonly pauseMs: number;
  /** How the task comes into being, and what it becomes. */
  readonly from?: TaskState;
  readonly to: TaskState;
}

/** A rate at which hardly two tasks are in one poll of a stream. */
const PAUSE_MS = 60;

export function reactionsOf({
  oneByOne,
  atOnce,
}: {
  readonly oneByOne: number;
  readonly atOnce: number;
}): ReactionRun[] {
  const name = 'reactions';
  const failed = { name, from: 'InProgress', to: 'Failed' } as const;
  return [
    { name, what: 'Pending → message, one by one', size: oneByOne, pauseMs: PAUSE_MS, to: 'Pending' },
    { name, what: 'Pending → message, at once', size: atOnce, pauseMs: 0, to: 'Pending' },
    { ...failed, what: 'Failed → Dropped, one by one', size: oneByOne, pauseMs: PAUSE_MS },
    { ...failed, what: 'Failed → Dropped, at once', size: atOnce, pauseMs: 0 },
    {
      name,
      what: 'Completed → looked at, at once',
      size: atOnce,
      pauseMs: 0,
      from: 'InProgress',
      to: 'Completed',
    },
  ];
}
