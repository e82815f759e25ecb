import type { DispatchableTask } from '../../copy-segment/task.ts';
import { enqueued } from '../../copy-segment/task-changes.ts';
import type { UnderWay } from '../../streams/under-way.ts';
import type { LanePass, Unended } from './lane.ts';
import { MARKS_PER_BATCH } from './mark-breaker.ts';
import { writeTasks } from './write-tasks.ts';

/** A task whose message SQS accepted. */
export interface Sent {
  readonly task: DispatchableTask;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

export interface Marks {
  /** Collects tasks, and starts to mark them as soon as they fill a batch. */
  add(sent: readonly Sent[]): void;
  /** Starts to mark what is left. */
  flush(): void;
}

/** @param onEnd called with each task, and why it was not marked, if it was not */
export function createMarks(
  pass: LanePass,
  underWay: UnderWay,
  onEnd: (task: DispatchableTask, why?: Unended) => void,
): Marks {
  let unmarked: Sent[] = [];
  let lastNoted: Promise<void> = Promise.resolve();

  const mark = async (batch: readonly Sent[]): Promise<void> => {
    const changes = new Map(batch.map(({ task, sentAt }) => [task, enqueued(task, sentAt, pass.shards)]));
    const write: LanePass['write'] = async (changes) => {
      const before = lastNoted;
      const outcomes = pass.write(changes);
      // "In a row" is the order in which they began: a failure is often faster than a success.
      lastNoted = before.then(async () => pass.markBreaker.note(await outcomes));
      await lastNoted;
      return outcomes;
    };
    const because = 'sent, but not marked, so it will be sent again: ';
    const unended = await writeTasks({ ...pass, write }, changes, 'enqueued', because);
    for (const { task } of batch) onEnd(task, unended.get(task));
  };
  const start = (atLeast: number): void => {
    while (unmarked.length >= atLeast) {
      underWay.start(mark(unmarked.slice(0, MARKS_PER_BATCH)));
      unmarked = unmarked.slice(MARKS_PER_BATCH);
    }
  };

  return {
    add(sent) {
      unmarked.push(...sent);
      start(MARKS_PER_BATCH);
    },
    flush: () => start(1),
  };
}
