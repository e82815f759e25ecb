import { styleText } from 'node:util';
import { columns } from '../cli/terminal/columns.ts';
import { startEngines } from '../engines/start-engines.ts';
import { createWorld } from '../engines/world.ts';
import { createMeter } from '../functions/aws/metered-clients.ts';
import { SEGMENTS_PER_TASK } from '../functions/copy-segment/submission.ts';
import type { Mapping } from '../functions/submit/mapping-source.ts';
import { createSubmit } from '../functions/submit/submit.ts';

/**
 * Counts what a submit costs by its number of mappings: requests, beside the fewest transactions that a limit of 100 parts
 * allows, capacity units, and memory that is still held after a collection, at its peak.
 */
const SIZES = [1_000, 10_000, 100_000];
const READINGS_OF_MEMORY = 20;

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

const engines = await startEngines();
try {
  const rows: string[][] = [];
  for (const count of SIZES) {
    const world = await createWorld(engines);
    const meter = createMeter();
    const submit = createSubmit({ dynamo: world.dynamo, tables: world.tables, meter });
    const resting = held();
    let peak = resting;
    const startedAt = performance.now();
    await submit({ jobId: 1n, collectionId: 7n }, () =>
      mappings(count, () => {
        peak = Math.max(peak, held());
      }),
    );
    const requests = Object.values(meter.requests).reduce((sum, each) => sum + each, 0);
    rows.push([
      String(count),
      String(requests),
      String(Math.ceil(count / SEGMENTS_PER_TASK)),
      String(meter.capacity.readUnits),
      String(meter.capacity.writeUnits),
      (meter.capacity.writeUnits / count).toFixed(2),
      ((peak - resting) / 2 ** 20).toFixed(1),
      (performance.now() - startedAt).toFixed(0),
    ]);
    await world.destroy();
  }
  console.log(styleText('bold', 'What a submit costs by its mappings'));
  console.log(
    columns(
      ['mappings', 'requests', 'fewest transactions', 'read', 'write', 'per mapping', 'MiB held', 'ms'].map(
        (count) => ({ count }),
      ),
      rows,
    ).join('\n'),
  );
} finally {
  await engines.stop();
}
