import { describe, expect, it } from 'vitest';
import * as checkerJobChanges from '../functions/copy-segment/checker-job-changes.ts';
import * as jobChanges from '../functions/copy-segment/job-changes.ts';
import * as operatorChanges from '../functions/copy-segment/operator-changes.ts';
import * as segmentChanges from '../functions/copy-segment/segment-changes.ts';
import type { TableKind } from '../functions/copy-segment/tables.ts';
import * as taskChanges from '../functions/copy-segment/task-changes.ts';
import { createActionLog } from '../functions/pass/action-log.ts';
import type { ActionRecord } from '../functions/pass/action-record.ts';
import { expired, job, type Row, segment, task } from './support/builders.ts';
import { checkerWorld, copied } from './support/checker-world.ts';
import { embeddedWorld, type Item } from './support/embedded-world.ts';
import { EVERY_CHANGE } from './support/every-change.ts';
import { everySituation } from './support/every-situation.ts';

type Line = ActionRecord & { readonly message: string; readonly service: string; readonly timestamp: string };

/** A log, and what was written to it. */
function aLog(passId = 'pass-1') {
  let written = '';
  const log = createActionLog('a-service', passId, (lines) => {
    written += lines;
  });
  const lines = (): Line[] =>
    written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { log, lines };
}

/** A pass of an inspector, and what the log says about it. */
async function recorded(rows: readonly Row[], event: unknown = {}) {
  const world = await embeddedWorld();
  await world.has(rows);
  const before = await world.items();
  const { log, lines } = aLog();
  await world.pass(event, { onChange: (change, { kind }) => log(change, kind) });
  return { before, after: await world.items(), lines: lines() };
}

describe('the record of every action', () => {
  it('says who dropped a segment, when and why', async () => {
    const { lines } = await recorded([
      job(),
      task({ taskId: 2n, state: 'Failed', targets: [11n], reason: 'disk full' }),
      segment(11n),
    ]);
    expect(lines.filter(({ segmentId }) => segmentId === '11')).toEqual([
      {
        level: 'INFO',
        message: 'changed',
        service: 'a-service',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        passId: 'pass-1',
        what: 'dropped',
        table: 'segments',
        jobId: '1',
        taskId: '2',
        segmentId: '11',
        before: { state: 'Importing' },
        after: { state: 'Dropped', droppedAt: 1_795_349_750_245, isImporting: false },
        because: 'copy segment task 2 failed: disk full',
      },
    ]);
  });

  it.each(['inspect', 'recover'])(
    'makes of the tables before a pass, replayed, the tables after it: %s',
    async (mode) => {
      const { before, after, lines } = await recorded(everySituation(), { mode });
      expect(plainItems(after)).not.toEqual(plainItems(before));
      expect(replayed(before, lines)).toEqual(plainItems(after));
    },
  );

  it('gives the reason of the verdict for what rests and for what is looked at later', async () => {
    const { lines } = await recorded([
      job({ jobId: 2n, state: 'Completed' }),
      task({ jobId: 2n, taskId: 1n }),
      task({ jobId: 3n, taskId: 1n }),
    ]);
    expect(lines.map(({ jobId, what, because }) => ({ jobId, what, because }))).toEqual(
      expect.arrayContaining([
        { jobId: '2', what: 'rested', because: 'the task is Pending, its job is Completed' },
        { jobId: '3', what: 'postponed', because: 'the task is Pending, its job is missing' },
      ]),
    );
  });

  it('names the node that lost a lease', async () => {
    const { lines } = await recorded([job(), task(expired)]);
    expect(lines).toMatchObject([
      {
        what: 'released',
        because: 'the lease of datanode-1 ran out',
        before: { state: 'InProgress', taskVersion: 1 },
        after: { state: 'Pending', taskVersion: 2, lostLeases: 1, nodeId: null, leaseExpiresAt: null },
      },
      { what: 'enqueued' },
    ]);
  });

  it('has no line for a change that was not made', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const { log, lines } = aLog();
    await world.pass(
      {},
      {
        onChange: (change, { kind }) => log(change, kind),
        async disturb({ operation, proceed }) {
          if (operation === 'BatchExecuteStatement')
            await world.put('tasks', { ...(await world.task()), state: 'Completed' });
          return proceed();
        },
      },
    );
    expect(lines()).toEqual([]);
  });

  it('has a line for each target of a publication, and for each step of its job', async () => {
    const world = await checkerWorld();
    await world.has(copied(2, 2));
    const { log, lines } = aLog();
    await world.check({}, { onChange: log });
    const steps = lines().map(({ what, jobId, segmentId }) => [what, jobId, segmentId ?? '-'].join(' '));
    expect(steps).toEqual([
      'publishing 1 -',
      'advanced 1 -',
      'published 1 1',
      'published 1 2',
      'published 1 3',
      'published 1 4',
      'completed 1 -',
    ]);
  });

  it('has no line for a transaction that was cancelled', async () => {
    const world = await checkerWorld();
    await world.has(copied(1, 2));
    await world.put('segments', { ...(await world.segment(2n)), state: 'Dropped' });
    const { log, lines } = aLog();
    await world.check({}, { onChange: log });
    expect(lines().map(({ what, because }) => `${what}: ${because}`)).toEqual([
      'publishing: all of its tasks are Completed',
      'failed: target 2 is Dropped',
    ]);
  });

  it('cuts a long list short', async () => {
    const undropped = Array.from({ length: 30 }, (_, index) => BigInt(index + 1));
    const { log, lines } = aLog();
    log(
      { table: 'jobs', key: { jobId: 1n }, if: {}, set: { undroppedTaskIds: undropped }, remove: [] },
      'done',
    );
    await Promise.resolve();
    const [line] = lines();
    expect(line?.after.undroppedTaskIds).toHaveLength(11);
    expect(line?.after.undroppedTaskIds).toContain('and 20 more');
  });

  // What workers and submits change, they change from elsewhere.
  const changesOfRecord = [taskChanges, jobChanges, checkerJobChanges, segmentChanges, operatorChanges];
  const names = changesOfRecord.flatMap(Object.keys);
  const recordedChanges = EVERY_CHANGE.filter(({ title }) => names.includes(title.split(',')[0] ?? ''));
  it.each(recordedChanges)('knows what a change is, and why it is made: $title', ({ row, make }) => {
    const { action } = make(asStored(row.item));
    expect(action?.what).toMatch(/^[a-z]+$/);
    expect(action?.because).toMatch(/\w/);
  });
});

const asStored = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      Number.isInteger(value) ? BigInt(value as number) : value,
    ]),
  );

const nameOf = (table: TableKind, ids: Record<string, unknown>): string =>
  table === 'segments' ? `segments/${ids.segmentId}` : [table, ids.jobId, ids.taskId ?? ''].join('/');

/** Every item by its name, as JSON would show it. Reasons are left out: a line tells them in `because`. */
function plainItems(items: Record<TableKind, Item[]>): Record<string, Item> {
  const rows = (['jobs', 'tasks', 'segments'] as const).flatMap((table) =>
    items[table].map(
      ({ reason: _, dropReason: __, ...item }) => [nameOf(table, item), plainItem(item)] as const,
    ),
  );
  return Object.fromEntries(rows);
}

/** What the lines, one after the other, make of the items. */
function replayed(before: Record<TableKind, Item[]>, lines: readonly Line[]): Record<string, Item> {
  const items = plainItems(before);
  for (const { table, after, ...ids } of lines) {
    const name = nameOf(table, ids);
    const changed = { ...items[name], ...plainItem(after) };
    items[name] = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null));
  }
  return items;
}

const plainItem = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));

const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
};
