import type { Item } from '../../functions/copy-segment/item.ts';
import { type JobLookup, readJob } from '../../functions/copy-segment/job.ts';
import { done, type KeyPage, type Stores } from '../../functions/copy-segment/stores.ts';
import { readTask, sightTask } from '../../functions/copy-segment/task.ts';
import { inspectorOver } from '../../functions/inspector/inspector.ts';
import { job, NOW, task } from './builders.ts';

/**
 * A program of its own: a recovery of finished jobs of a task each, and of a tenth as many tasks whose job is missing.
 * Prints the bytes that were alive on the heap and in typed arrays, for each twentieth of the way. Run with
 * `--expose-gc` and the number of jobs. The stores make up what they are asked for, and hold nothing.
 */
const count = Number(process.argv[2]);
const all = count + count / 10;
const JOBS_PER_PAGE = 2_000;
const FIRST = 449_999_999_000_000_000n;
const LAST = FIRST + BigInt(count);

/** Ids in no order, as a table that is partitioned by hash has them. 7,919 is a prime. */
async function* keyPages(keys: number, after?: Item): AsyncGenerator<KeyPage> {
  for (let start = Number(after?.row ?? 0); start < keys; start += JOBS_PER_PAGE) {
    const end = Math.min(keys, start + JOBS_PER_PAGE);
    const jobIds = Array.from(
      { length: end - start },
      (_, index) => FIRST + ((BigInt(start + index) * 7_919n) % BigInt(keys)),
    );
    yield { jobIds, resumeKey: end < keys ? { row: end } : undefined };
  }
}

async function* nothing(): AsyncGenerator<never> {}

const measure = () => {
  // Buffers are freed beside the program: the second waits until the first is done with them.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed: heap, arrayBuffers: arrays } = process.memoryUsage();
  return { heap, arrays };
};
const alive: ReturnType<typeof measure>[] = [];
let walked = 0;

const stores: Stores = {
  jobs: {
    due: nothing,
    ids: (after) => keyPages(count, after),
    async read(jobIds) {
      const lookUp = (jobId: bigint): JobLookup => {
        const reading = jobId < LAST ? readJob(job({ jobId, state: 'Completed' }).item) : undefined;
        return reading?.ok ? reading.value : 'missing';
      };
      return new Map(jobIds.map((jobId) => [jobId, lookUp(jobId as bigint)]));
    },
  },
  tasks: {
    due: nothing,
    read: async () => ({ found: [], unread: [] }),
    async *ofJob(jobId) {
      if (walked++ % (all / 20) === 0) alive.push(measure());
      const { item } = task({ jobId: jobId as bigint, state: 'Completed' });
      yield [sightTask(item, readTask)];
    },
    jobIds: (after) => keyPages(all, after),
  },
  segments: { read: async () => ({ found: new Map(), unread: [] }) },
  write: async (changes) => changes.map(() => done),
  queue: { send: async (messages) => messages.map(() => ({ kind: 'sent' })) },
};
const recover = inspectorOver(() => stores, { shards: 4, now: () => NOW });
const { complete, read } = await recover({ mode: 'recover', dryRun: false });
process.stdout.write(JSON.stringify({ complete, tasks: read.tasks, alive }));
