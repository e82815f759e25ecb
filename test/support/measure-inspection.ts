import { setImmediate as turn } from 'node:timers/promises';
import { readJob } from '../../functions/copy-segment/job.ts';
import { done, type Stores } from '../../functions/copy-segment/stores.ts';
import { LaterSighting, readIndexedTask } from '../../functions/copy-segment/task.ts';
import { inspectorOver } from '../../functions/inspector/inspector.ts';
import { job, NOW } from './builders.ts';

/**
 * A program of its own: an inspection of so many due Pending tasks. Prints the bytes of the heap that were alive, at the
 * most, of those that were not before it. Run with `--expose-gc` and the number of tasks. The stores make up what they are
 * asked for, and hold nothing.
 */
const count = Number(process.argv[2]);
const SHARDS = 4;
const PAGE = 2_500;
const MESSAGES_PER_LOOK = 500;

const alive = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
let [most, sent] = [0, 0];

/** As it comes out of JSON: with numbers that no other item shares. */
const itemOf = (index: number) => ({
  jobId: 449_999_999_999_999_000n + BigInt(index % 100),
  taskId: BigInt(index + 1),
  collectionId: BigInt(count),
  state: 'Pending',
  taskVersion: BigInt(index - index),
  enqueueCount: BigInt(index - index),
  dueShard: BigInt(index % SHARDS),
  dueAt: BigInt(NOW - count + index),
});

const stores: Stores = {
  jobs: {
    async *due() {},
    async *ids() {},
    async read(jobIds) {
      return new Map(
        jobIds.map((jobId) => {
          const reading = readJob(job({ jobId: jobId as bigint }).item);
          return [jobId, reading.ok ? reading.value : 'missing'];
        }),
      );
    },
  },
  tasks: {
    async *due(shard) {
      for (let start = shard; start < count; start += PAGE * SHARDS) {
        const length = Math.min(PAGE, Math.ceil((count - start) / SHARDS));
        await turn();
        yield Array.from(
          { length },
          (_, index) => new LaterSighting(itemOf(start + index * SHARDS), readIndexedTask),
        );
      }
    },
    read: async () => ({ found: [], unread: [] }),
    async *ofJob() {},
    async *jobIds() {},
  },
  segments: { read: async () => ({ found: new Map(), unread: [] }) },
  write: async (changes) => changes.map(() => done),
  queue: {
    async send(messages) {
      await turn();
      sent += messages.length;
      if (sent % MESSAGES_PER_LOOK === 0) most = Math.max(most, alive());
      return messages.map(() => ({ kind: 'sent' }));
    },
  },
};
const inspect = inspectorOver(() => stores, { shards: SHARDS, now: () => NOW });
const before = alive();
const { complete } = await inspect({ mode: 'inspect', dryRun: false });
process.stdout.write(JSON.stringify({ complete, sent, held: most - before }));
