import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, pending, waiting } from '../bench/data/datasets.ts';
import { jobRow, segmentRow, taskRow } from '../bench/data/rows.ts';
import { storedBytes } from '../bench/data/stored-bytes.ts';
import { assertEffect } from '../bench/effect.ts';
import { cpuOfGroup } from '../bench/engines/cpu-of-group.ts';
import { createStage, type Stage } from '../bench/measure.ts';
import type { Effect } from '../bench/workload.ts';

let stage: Stage;
beforeAll(() => {
  stage = createStage();
});
afterAll(() => stage.clear());

const SIDE = {
  requests: {},
  readUnits: 0,
  writeUnits: 0,
  failedConditions: 0,
  messages: 20,
  queued: 20,
  wireCpuMs: 0,
};

describe('what a contender leaves', () => {
  const look = async (dataset: Dataset, wanted: Effect, side: Partial<typeof SIDE> = {}): Promise<void> => {
    const { endpoint } = await stage.engineWith(dataset, true);
    await assertEffect(wanted, { ...SIDE, ...side }, endpoint, { whose: 'somebody', markedBefore: 0 });
  };

  it('is compared with what was to be done', async () => {
    const marked = waiting(20);
    await look(marked, { messages: 20, marked: 20, settled: 0, dropped: 0 });
    await expect(look(marked, { settled: 2 })).rejects.toThrow('somebody: settled 0, and not 2');
    await expect(look(marked, { messages: 21 })).rejects.toThrow('messages 20, and not 21');
  });

  it('is too little when messages are sent and nothing is marked', async () => {
    const dataset = pending(20, { mappings: 1, form: 'list' });
    await expect(look(dataset, { messages: 20, marked: 20 })).rejects.toThrow('marked 0, and not 20');
  });

  it('is too little when fewer messages are in the queue than went over the wire', async () => {
    const dataset = waiting(20);
    await expect(look(dataset, {}, { queued: 19 })).rejects.toThrow('messages in the queue 19, and not 20');
  });

  it('is seen in segments and in settled tasks', async () => {
    const dataset: Dataset = () => [
      jobRow(0, { state: 'Failed' }),
      taskRow(0, 0, { mappings: 1, form: 'list' }, { state: 'Failed', segmentsDroppedAt: 1 }),
      segmentRow(0, 0, 'Dropped'),
      segmentRow(1, 0),
    ];
    await look(dataset, { dropped: 1, importing: 1, flushed: 0, settled: 1, marked: 0 });
  });
});

it('the processor time of a group is that of its processes', async () => {
  const burn =
    'let now; do { now = process.cpuUsage(); } while (now.user + now.system < 300_000); console.log((now.user + now.system) / 1_000); process.stdin.resume();';
  const child = spawn(process.execPath, ['-e', burn], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const [printed] = await once(child.stdout, 'data');
    // The kernel rounds to its ticks.
    expect(cpuOfGroup(child.pid ?? 0)).toBeGreaterThanOrEqual(Number(printed) - 50);
  } finally {
    child.stdin.end();
    await exited;
  }
  expect(cpuOfGroup(child.pid ?? 0)).toBe(0);
});

it('what an item takes in a table is its names and values, and what DynamoDB adds', () => {
  expect(storedBytes({ id: 449_271_430_000_000_001n, state: 'Failed', isImporting: true })).toBe(
    100 + (2 + 10) + (5 + 6) + (11 + 1),
  );
  expect(storedBytes({ list: [{ n: 1 }] })).toBe(100 + 4 + 3 + 1 + (3 + 1 + 1 + 2));
});
