import { describe, expect, it } from 'vitest';
import { pending } from '../bench/data/datasets.ts';
import type { Form } from '../bench/data/rows.ts';
import { compareIds } from '../functions/copy-segment/ids.ts';
import { HOUR, job, NOW, segment, task } from './support/builders.ts';
import { embeddedWorld } from './support/embedded-world.ts';

const taskIdsIn = ({ Entries }: Record<string, unknown>): bigint[] =>
  (Entries as { MessageBody: string }[]).map(({ MessageBody }) => BigInt(JSON.parse(MessageBody).taskId));

const ids = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index + 1));

describe('the cost of a pass', () => {
  it.each([
    ['one job', () => 1n],
    ['one job per task', (taskId: bigint) => taskId],
  ])(
    '3,000 Pending tasks of %s: each message once, begun in ascending order, within the budget of requests',
    async (_, jobOf) => {
      const world = await embeddedWorld();
      const jobIds = [...new Set(ids(3_000).map(jobOf))];
      await world.has(
        jobIds.map((jobId) => job({ jobId })),
        ids(3_000).map((taskId) => task({ jobId: jobOf(taskId), taskId, dueAt: NOW - Number(taskId) })),
      );
      const begun: bigint[] = [];
      const report = await world.pass(
        {},
        {
          disturb: async ({ operation, input, proceed }) => {
            if (operation === 'SendMessageBatch') begun.push(...taskIdsIn(input));
            return proceed();
          },
        },
      );
      expect(begun).toEqual(ids(3_000));
      expect((await world.messages()).map(({ taskId }) => BigInt(taskId)).sort(compareIds)).toEqual(
        ids(3_000),
      );
      expect(report.requests.byOperation).toMatchObject({
        SendMessageBatch: 300,
        BatchExecuteStatement: 120,
      });
      expect(report.requests.total).toBeLessThanOrEqual(3_000 / 10 + 3_000 / 25 + 40);
      expect(report.tasks.enqueued).toBe(3_000);
    },
  );

  it('is one query per shard and table when nothing is due, whatever the tables hold', async () => {
    const world = await embeddedWorld();
    await world.has(
      ids(50).flatMap((jobId) => [job({ jobId }), job({ jobId: jobId + 100n, state: 'Completed' })]),
      ids(1_000).map((taskId) => task({ taskId, dueAt: NOW + 1, targets: ids(50) })),
      ids(200).map((id) => segment(id)),
    );
    const before = await world.items();
    const report = await world.pass();
    expect(report.requests).toEqual({ total: 8, byOperation: { Query: 8 } });
    expect(report.capacity).toEqual({ readUnits: 4, writeUnits: 0 });
    expect(await world.items()).toEqual(before);
  });

  it('is in proportion to what is due, not to what runs or waits in the queue', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      ids(500).map((taskId) => task({ taskId, enqueueCount: 1, dueAt: NOW + HOUR })),
      task({ taskId: 999n }),
    );
    const report = await world.pass();
    expect(report.read).toMatchObject({ dueTasks: 1, jobs: 1, tasks: 0 });
    expect(report.requests.total).toBeLessThanOrEqual(8 + 3);
  });
});

describe('a mark', () => {
  it.each<[number, Form, number]>([
    [10, 'list', 3],
    [100, 'list', 10],
    [100, 'compact', 4],
  ])(
    'of a task of %i mappings, %s, consumes %i write units: DynamoDB charges for the whole item',
    async (mappings, form, units) => {
      const world = await embeddedWorld();
      await world.has([...pending(50, { mappings, form })()]);
      const report = await world.pass();
      expect(report.tasks.enqueued).toBe(50);
      expect(report.capacity.writeUnits).toBe(50 * units);
    },
  );
});

describe('the window', () => {
  it('bounds what is held, and costs nothing: ten windows read their job once', async () => {
    const world = await embeddedWorld({ windowSize: 100 });
    await world.has(
      job(),
      ids(1_000).map((taskId) => task({ taskId })),
    );
    const report = await world.pass();
    expect(report.tasks.enqueued).toBe(1_000);
    expect(report.read.jobs).toBe(1);
    expect(report.requests.byOperation.SendMessageBatch).toBe(100);
  });
});
