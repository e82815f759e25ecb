import type { Change } from '../../../functions/copy-segment/change.ts';
import type { Item } from '../../../functions/copy-segment/item.ts';
import { readTask, sightTask } from '../../../functions/copy-segment/task.ts';
import { NOW } from '../../support/builders.ts';
import {
  asStored,
  copyOf,
  emptyTables,
  makeChange,
  makeTransaction,
  nameOf,
  readsOf,
  type Tables,
} from '../memory-tables.ts';
import { inKeyOrder } from '../stage.ts';
import { memoryBucket } from './memory-bucket.ts';
import type { LoopStage, Ports } from './stage.ts';
import type { Role } from './wire.ts';

/** What was written to one item, as it happens; no `before`: it was created. */
export interface Written {
  readonly role: Role;
  /** Of a worker. */
  readonly node: string | undefined;
  readonly table: keyof Tables;
  readonly before: Item | undefined;
  readonly after: Item;
}

const PAGE_SIZE = 2;

/**
 * Tables, queue and objects in memory.
 *
 * @param watch sees what every request wrote; of a transaction, after all of it
 */
export function memoryLoopStage(watch: (written: readonly Written[], tables: Tables) => void): LoopStage {
  const tables = emptyTables();
  let index = tables;
  const clock = { now: NOW };
  const queue: string[] = [];
  const { store, bucket } = memoryBucket();

  /** Does a request, and tells what it wrote. */
  const watched = <T>(role: Role, node: string | undefined, request: () => T): T => {
    const before = copyOf(tables);
    const outcome = request();
    const written: Written[] = [];
    for (const table of ['jobs', 'tasks', 'segments'] as const)
      for (const [name, after] of tables[table]) {
        const was = before[table].get(name);
        if (was !== after) written.push({ role, node, table, before: was, after });
      }
    if (written.length > 0) watch(written, tables);
    return outcome;
  };

  return {
    clock,
    queue,

    ports(role, node): Ports {
      const reads = (): Ports => readsOf(tables, index, PAGE_SIZE) as Ports;
      return {
        jobs: {
          due: (shard, now) => reads().jobs.due(shard, now),
          ids: (after) => reads().jobs.ids(after),
          read: (ids) => reads().jobs.read(ids),
        },
        tasks: {
          due: (shard, now) => reads().tasks.due(shard, now),
          read: (keys) => reads().tasks.read(keys),
          ofJob: (jobId, after) => reads().tasks.ofJob(jobId, after),
          jobIds: (after) => reads().tasks.jobIds(after),
        },
        segments: { read: (ids) => reads().segments.read(ids) },
        write: async (changes: readonly Change[]) =>
          changes.map((change) => watched(role, node, () => makeChange(tables, change))),
        transact: async (parts) => watched(role, node, () => makeTransaction(tables, parts)),
        async lastTask(jobId) {
          const mine = [...tables.tasks.values()].filter((item) => item.jobId === jobId);
          const last = inKeyOrder(mine, 'taskId').at(-1);
          return last && sightTask(last, readTask);
        },
        items: {
          read: async (table, key) => tables[table].get(nameOf(table, key)),
          async update(change) {
            const outcome = watched(role, node, () => makeChange(tables, change));
            if (outcome.kind === 'conditionFailed') return outcome;
            return { kind: 'done', item: tables[change.table].get(nameOf(change.table, change.key)) ?? {} };
          },
        },
        queue: {
          async send(messages) {
            for (const { body } of messages) queue.push(JSON.stringify(body));
            return messages.map(() => ({ kind: 'sent' as const }));
          },
        },
        objects: store,
      };
    },

    async put(table, item) {
      const stored = asStored(item) as Item;
      tables[table].set(nameOf(table, stored), stored);
    },

    async tables() {
      return {
        jobs: [...tables.jobs.values()],
        tasks: [...tables.tasks.values()],
        segments: [...tables.segments.values()],
      };
    },

    bucket,

    freezeIndex(isFrozen) {
      index = isFrozen ? copyOf(tables) : tables;
    },
  };
}
