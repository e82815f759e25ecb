import { styleText } from 'node:util';
import { columns } from '../cli/terminal/columns.ts';
import { startEngines } from '../engines/start-engines.ts';
import { createWorld, type World } from '../engines/world.ts';
import { createMeter } from '../functions/aws/metered-clients.ts';
import { createChecker } from '../functions/checker/checker.ts';
import { DEFAULT_DUE_SHARDS } from '../functions/copy-segment/due-index.ts';
import type { Item } from '../functions/copy-segment/item.ts';
import { SEGMENTS_PER_TASK } from '../functions/copy-segment/submission.ts';
import { MAX_PARTS } from '../functions/copy-segment/transaction.ts';
import { type Cost, costOf } from '../functions/pass/cost.ts';
import type { Mapping } from '../functions/submit/mapping-source.ts';
import { createSubmit } from '../functions/submit/submit.ts';

/**
 * Counts what a submit and a publication cost by the number of segments: requests, beside the fewest transactions that
 * DynamoDB's limit of 100 parts allows, capacity units, and memory that is still held after a collection, at its peak.
 * Exits with 1 when either makes more requests than the goal allows.
 */
const SIZES = [1_000, 10_000, 100_000];
const READINGS_OF_MEMORY = 20;

/** Requests per transaction at the least; below this size the few that open and seal a job weigh more. */
const GOAL = 1.05;
const GOAL_FROM = 100_000;

/** One part of each transaction fences the job; a submit's task takes another one. */
const TARGETS_PER_TRANSACTION = MAX_PARTS - 1;

const JOB_ID = 449_271_430_000_000_001n;

function* mappings(count: number, onReading: () => void): Generator<Mapping> {
  for (let index = 0; index < count; index++) {
    if (index % Math.ceil(count / READINGS_OF_MEMORY) === 0) onReading();
    yield {
      sourceSegmentId: 450_000_000_000_000_000n + BigInt(index),
      targetSegmentId: 460_000_000_000_000_000n + BigInt(index),
      partitionId: 3n,
      numOfRows: 1_000,
    };
  }
}

const held = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

interface Measured extends Cost {
  readonly heldMiB: number;
  readonly ms: number;
}

/** @param work is given what to call now and then: it reads the memory */
async function measured(work: (onReading: () => void) => Promise<Cost>): Promise<Measured> {
  const resting = held();
  let peak = resting;
  const startedAt = performance.now();
  const cost = await work(() => {
    peak = Math.max(peak, held());
  });
  return { ...cost, heldMiB: (peak - resting) / 2 ** 20, ms: performance.now() - startedAt };
}

const submitted = ({ dynamo, tables }: World, count: number): Promise<Measured> =>
  measured(async (onReading) => {
    const meter = createMeter();
    const submit = createSubmit({ dynamo, tables, meter });
    const { kind } = await submit({ jobId: JOB_ID, collectionId: 7n }, () => mappings(count, onReading));
    if (kind !== 'submitted') throw new Error(`the submit of ${count} mappings ended as ${kind}`);
    return costOf(meter);
  });

/** Every task as a worker leaves it. */
async function complete(world: World): Promise<void> {
  for await (const tasks of world.scan('tasks'))
    await world.load(
      tasks.map(({ dueAt: _, ...task }) => ({
        table: 'tasks',
        item: {
          ...task,
          state: 'Completed',
          taskVersion: 1,
          nodeId: 'worker-1',
          completedAt: Date.now(),
        } as Item,
      })),
    );
}

const published = ({ dynamo, tables }: World, count: number): Promise<Measured> =>
  measured(async (onReading) => {
    const check = createChecker({ dynamo, tables, shards: DEFAULT_DUE_SHARDS });
    let changes = 0;
    const report = await check(
      { mode: 'check', dryRun: false },
      {
        onChange: () => {
          if (changes++ % Math.ceil(count / READINGS_OF_MEMORY) === 0) onReading();
        },
      },
    );
    const { jobs, segments } = report;
    if (jobs.completed !== 1 || segments.published !== count)
      throw new Error(`the check published ${segments.published} of ${count} segments`);
    return report;
  });

const engines = await startEngines();
let isMissed = false;
try {
  const rows: string[][] = [];
  const add = (
    what: string,
    count: number,
    fewest: number,
    { requests, capacity, ...cost }: Measured,
  ): void => {
    const ratio = requests.total / fewest;
    const misses = count >= GOAL_FROM && ratio > GOAL;
    isMissed ||= misses;
    rows.push([
      what,
      count.toLocaleString('en'),
      requests.total.toLocaleString('en'),
      fewest.toLocaleString('en'),
      ratio.toFixed(3),
      count < GOAL_FROM ? '' : misses ? `over ${GOAL}` : `within ${GOAL}`,
      String(capacity.readUnits),
      capacity.writeUnits.toLocaleString('en'),
      (capacity.writeUnits / count).toFixed(2),
      cost.heldMiB.toFixed(1),
      cost.ms.toFixed(0),
    ]);
  };
  for (const count of SIZES) {
    const world = await createWorld(engines);
    add('submit', count, Math.ceil(count / SEGMENTS_PER_TASK), await submitted(world, count));
    await complete(world);
    add('publish', count, Math.ceil(count / TARGETS_PER_TRANSACTION), await published(world, count));
    await world.destroy();
  }
  console.log(styleText('bold', 'What a submit and a publication cost by their segments'));
  console.log(
    columns(
      [
        '',
        { count: 'segments' },
        { count: 'requests' },
        { count: 'fewest transactions' },
        { count: 'ratio' },
        'goal',
        { count: 'read' },
        { count: 'write' },
        { count: 'per segment' },
        { count: 'MiB held' },
        { count: 'ms' },
      ],
      rows,
    ).join('\n'),
  );
} finally {
  await engines.stop();
}
if (isMissed) {
  console.error(`\nGoal missed: requests at most ${GOAL} × the fewest transactions.`);
  process.exitCode = 1;
}
