import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createMeter } from '../functions/aws/metered-clients.ts';
import { SEGMENTS_PER_TASK } from '../functions/copy-segment/submission.ts';
import type { Mapping } from '../functions/submit/mapping-source.ts';
import { createSubmit } from '../functions/submit/submit.ts';
import { surveyMappings } from '../functions/submit/survey-mappings.ts';
import { disturbedClients, embeddedWorld } from './support/embedded-world.ts';
import { RESTORE } from './support/submit-world.ts';

const MIB = 2 ** 20;
/** Ids as Milvus allocates them, beyond 2^53. */
const FIRST = 450_000_000_000_000_000n;

/** Sources ascend, targets do not. */
function* mappings(count: number, onYield = (_: number): void => {}): Generator<Mapping> {
  for (let index = 0; index < count; index++) {
    onYield(index);
    yield {
      sourceSegmentId: FIRST + BigInt(index),
      targetSegmentId: FIRST + BigInt(count + ((index * 7_919) % count)),
      partitionId: 3n,
      numOfRows: 10,
    };
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What is held, in bytes. */
function held(): { heap: number; buffers: number } {
  // Buffers are freed beside the program: the second collection waits for what the first one found.
  collectGarbage();
  collectGarbage();
  const { heapUsed: heap, arrayBuffers: buffers } = process.memoryUsage();
  return { heap, buffers };
}

describe('a large submit', () => {
  it('of 1,000,000 mappings is checked in 16 bytes a mapping, half as much again for growth', async () => {
    const before = held();
    const during: ReturnType<typeof held>[] = [];
    const source = () =>
      mappings(1_000_000, (index) => {
        if (index % 100_000 === 99_999) during.push(held());
      });
    const issues: unknown[] = [];
    const totals = await surveyMappings(source, (issue) => issues.push(issue));
    expect(issues).toEqual([]);
    expect(totals).toMatchObject({ segments: 1_000_000, tasks: 10_205, rows: 10_000_000 });
    expect(during).toHaveLength(10);
    for (const { heap, buffers } of during) {
      expect(heap - before.heap).toBeLessThan(4 * MIB);
      expect(buffers - before.buffers).toBeLessThanOrEqual(16_000_000 * 1.5 + MIB);
    }
    expect(held().buffers - before.buffers).toBeLessThan(MIB);
  });

  it('of 100,000 makes the requests that the limit of a transaction allows, holding one task at a time', async () => {
    const world = await embeddedWorld();
    const count = 100_000;
    let readings = 0;
    let written = 0;
    let mostAhead = 0;
    const during: number[] = [];
    const source = () => {
      readings++;
      return mappings(count, (index) => {
        if (readings < 2) return;
        mostAhead = Math.max(mostAhead, index + 1 - written);
        if (index % 10_000 === 5_000) during.push(held().heap);
      });
    };
    const meter = createMeter();
    const submit = createSubmit({
      ...disturbedClients(),
      tables: world.tables,
      now: () => world.clock.now,
      meter,
    });
    const result = await submit(RESTORE, source, {
      onProgress: ({ segments }) => {
        written = segments;
      },
    });

    expect(result).toMatchObject({ kind: 'submitted', totals: { segments: count, tasks: 1_021 } });
    expect(readings).toBe(2);
    expect(mostAhead).toBe(SEGMENTS_PER_TASK);
    // The first task is written with what the clients set up once.
    const [, first = 0, ...later] = during;
    expect(later).toHaveLength(8);
    for (const heap of later) expect(heap - first).toBeLessThan(4 * MIB);

    // No transaction has more than 100 parts, and each task takes one for itself and one for the check of its job.
    const fewest = Math.ceil(count / 98);
    const requests = Object.values(meter.requests).reduce((sum, each) => sum + each, 0);
    expect(meter.requests).toEqual({ Query: 1, TransactWriteItems: fewest + 1, BatchExecuteStatement: 1 });
    expect(requests).toBeLessThanOrEqual(fewest * 1.05);
    expect(await world.task(1_021n)).toMatchObject({ state: 'Pending' });
    expect(await world.task(1_022n)).toBeUndefined();
    for (const index of [0, 50_000, count - 1])
      expect(await world.segment(FIRST + BigInt(count + index))).toMatchObject({
        state: 'Importing',
        jobId: 1n,
      });
  }, 600_000);
});
