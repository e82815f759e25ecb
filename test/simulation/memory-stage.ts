import type { Change } from '../../functions/copy-segment/change.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import { DEFAULT_MAX_DROPS } from '../../functions/inspector/drop-guard.ts';
import { inspectorOver } from '../../functions/inspector/inspector.ts';
import type { PassRequest } from '../../functions/inspector/pass-event.ts';
import { NOW } from '../support/builders.ts';
import { asStored, copyOf, emptyTables, makeChange, nameOf, readsOf, type Tables } from './memory-tables.ts';
import { inKeyOrder, type Reads, SHARDS, type Stage } from './stage.ts';

/** What a pass had before it. */
export interface PassFacts {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly startedAt: number;
  /** As they are. */
  readonly tables: Tables;
  /** As they were when the pass began. */
  readonly start: Tables;
  /** As the index showed them then. */
  readonly index: Tables;
  /** How many segments it may drop. */
  readonly maxDrops: number;
}

/** Sees what one pass does to the tables and the queue, as it happens. */
export interface Watcher {
  written(change: Change, before: Item, after: Item): void;
  sent(message: TaskMessage): void;
}

export interface MemoryStage extends Stage {
  /** The tables as they were when the step before began: for planted bugs. */
  stale(): Reads;
}

/** Tables and a queue in memory: a history takes milliseconds. */
export function memoryStage({
  pageSize = 2,
  watch,
  misread = (request) => request,
}: {
  readonly pageSize?: number;
  readonly watch?: (facts: PassFacts) => Watcher;
  /** For planted bugs: what the inspector takes its request for. */
  readonly misread?: (request: PassRequest) => PassRequest;
} = {}): MemoryStage {
  const tables = emptyTables();
  const earlier: Tables[] = [];
  const clock = { now: NOW };
  const queue: Stage['queue'] = [];
  let index = tables;

  return {
    clock,
    queue,
    async put(table, item) {
      const stored = asStored(item) as Item;
      tables[table].set(nameOf(table, stored), stored);
    },
    async items() {
      const all = (table: keyof Tables, ...key: string[]): Item[] =>
        inKeyOrder([...tables[table].values()], ...key);
      return {
        jobs: all('jobs', 'jobId'),
        tasks: all('tasks', 'jobId', 'taskId'),
        segments: all('segments', 'segmentId'),
      };
    },
    write: async (changes) => changes.map((change) => makeChange(tables, change)),

    beginStep(lag) {
      earlier.unshift(copyOf(tables));
      earlier.length = Math.min(earlier.length, 3);
      index = lag === 0 ? tables : (earlier[lag] ?? tables);
    },
    stale: () => readsOf(earlier[1] ?? tables, index, pageSize),

    inspector: (decorate) => (request, run) => {
      const inspector = inspectorOver(
        (_, signal) => {
          const start = copyOf(tables);
          const shown = index === tables ? start : index;
          const watcher = watch?.({
            now: () => clock.now,
            startedAt: clock.now,
            tables,
            start,
            index: shown,
            maxDrops: request.maxDrops ?? DEFAULT_MAX_DROPS,
          });
          const stores = {
            ...readsOf(tables, index, pageSize),
            write: async (changes: readonly Change[]) =>
              changes.map((change) => {
                const name = nameOf(change.table, change.key);
                const before = tables[change.table].get(name);
                const outcome = makeChange(tables, change);
                if (outcome.kind === 'done' && before)
                  watcher?.written(change, before, tables[change.table].get(name) as Item);
                return outcome;
              }),
            queue: {
              async send(messages: readonly TaskMessage[]) {
                for (const message of messages) {
                  queue.push(message.body);
                  watcher?.sent(message);
                }
                return messages.map(() => ({ kind: 'sent' as const }));
              },
            },
          };
          return decorate(stores, signal);
        },
        { shards: SHARDS, now: () => clock.now },
      );
      return inspector(misread(request), run);
    },
  };
}
