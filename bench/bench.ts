import { styleText } from 'node:util';
import { grid } from '../cli/demo/terminal-table.ts';
import type { Row } from '../engines/load.ts';
import { startEngines } from '../engines/start-engines.ts';
import { createWorld } from '../engines/world.ts';
import { dueShardOf } from '../functions/copy-segment/due-index.ts';
import { createInspector } from '../functions/inspector/inspector.ts';
import { parsePassEvent } from '../functions/inspector/pass-event.ts';

/**
 * Counts what passes cost by the number of tasks that are due: requests, capacity units, and memory held at the
 * peak. Time is shown for its ratios only: the engines run on this machine, too.
 */
const SIZES = [0, 1_000, 3_000, 10_000, 30_000];
const SHARDS = 4;
const TARGETS_PER_TASK = 10;

const shapes: Record<string, (count: number) => Row[]> = {
  pending: (count) => [job('Executing'), ...tasks(count, 'Pending', 0)],
  failed: (count) => [
    job('Executing'),
    ...tasks(count / TARGETS_PER_TASK, 'Failed', TARGETS_PER_TASK),
    ...segments(count),
  ],
};

const ids = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));
const base = { collectionId: 7n, createdAt: Date.now() };

const job = (state: string): Row => ({
  table: 'jobs',
  item: { ...base, jobId: 1n, state, dueShard: 1 },
});

const tasks = (count: number, state: string, targets: number): Row[] =>
  ids(count).map((taskId) => ({
    table: 'tasks',
    item: {
      ...base,
      jobId: 1n,
      taskId,
      state,
      taskVersion: 0,
      enqueueCount: 0,
      dueShard: dueShardOf(taskId, SHARDS),
      dueAt: 1,
      idMappings: ids(targets).map((n) => ({
        sourceSegmentId: n,
        targetSegmentId: (taskId - 1n) * BigInt(targets) + n,
        partitionId: 3n,
      })),
    },
  }));

const segments = (count: number): Row[] =>
  ids(count).map((segmentId) => ({
    table: 'segments',
    item: { segmentId, collectionId: 7n, partitionId: 3n, state: 'Importing', isImporting: true, jobId: 1n },
  }));

const engines = await startEngines();
try {
  const rows: string[][] = [];
  for (const [shape, itemsOf] of Object.entries(shapes)) {
    for (const count of SIZES) {
      const world = await createWorld(engines);
      await world.load(itemsOf(count));
      const inspector = createInspector({ ...world, shards: SHARDS });
      globalThis.gc?.();
      const resting = process.memoryUsage().heapUsed;
      let peak = resting;
      const onVerdict = (): void => {
        peak = Math.max(peak, process.memoryUsage().heapUsed);
      };
      const {
        requests,
        capacity,
        durationMs,
        tasks: done,
        segments: drops,
      } = await inspector(parsePassEvent({}), {
        onVerdict,
      });
      const idle = await inspector(parsePassEvent({}));
      rows.push([
        shape,
        String(count),
        `${done.enqueued} / ${drops.dropped}`,
        String(requests.total),
        (requests.total / Math.max(1, count)).toFixed(3),
        String(capacity.readUnits),
        String(capacity.writeUnits),
        ((peak - resting) / 2 ** 20).toFixed(0),
        String(durationMs),
        String(idle.requests.total),
      ]);
      await world.destroy();
    }
  }
  console.log(styleText('bold', 'What a pass costs by what is due'));
  console.log(
    grid(
      [
        'shape',
        'due',
        'enqueued / dropped',
        'requests',
        'a piece',
        'read',
        'write',
        'MiB held',
        'ms',
        'next pass',
      ],
      rows,
    ),
  );
} finally {
  await engines.stop();
}
