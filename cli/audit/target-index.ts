import type { RawTaskKey } from '../../functions/copy-segment/task.ts';

/**
 * Which task names which target, of all tables at once: 20 bytes per target while it is sorted, and a key per task. A
 * million targets take 20 MB.
 */
export interface TargetIndex {
  add(task: RawTaskKey, targets: readonly bigint[]): void;
  /** Nothing more is added: from here on it can be asked. */
  close(): void;
  has(target: bigint): boolean;
  /** Targets of more than one task, with every task that names them. */
  shared(): Map<bigint, RawTaskKey[]>;
}

export function createTargetIndex(): TargetIndex {
  const tasks: RawTaskKey[] = [];
  let targets = new BigInt64Array(1_024);
  let taskOf = new Uint32Array(1_024);
  let size = 0;
  let sorted = new BigInt64Array();

  const grow = (): void => {
    const [more, moreTasks] = [new BigInt64Array(2 * targets.length), new Uint32Array(2 * targets.length)];
    more.set(targets);
    moreTasks.set(taskOf);
    [targets, taskOf] = [more, moreTasks];
  };

  return {
    add(task, added) {
      const index = tasks.push(task) - 1;
      for (const target of added) {
        if (size === targets.length) grow();
        targets[size] = target;
        taskOf[size++] = index;
      }
    },
    close() {
      sorted = targets.slice(0, size).sort();
    },
    has(target) {
      let [low, high] = [0, sorted.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((sorted[middle] as bigint) < target) low = middle + 1;
        else high = middle;
      }
      return sorted[low] === target;
    },
    shared() {
      const repeated = new Map<bigint, RawTaskKey[]>();
      for (let index = 1; index < sorted.length; index++)
        if (sorted[index] === sorted[index - 1]) repeated.set(sorted[index] as bigint, []);
      if (repeated.size === 0) return repeated;
      for (let index = 0; index < size; index++)
        repeated.get(targets[index] as bigint)?.push(tasks[taskOf[index] as number] as RawTaskKey);
      return repeated;
    },
  };
}
