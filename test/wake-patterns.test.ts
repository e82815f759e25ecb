import { beforeAll, describe, expect, it } from 'vitest';
import { passesFilter } from '../engines/event-filter.ts';
import type { LambdaRecord } from '../engines/table-stream.ts';
import { WAKES_CHECKER_ON_TASKS } from '../functions/checker/wake-patterns.ts';
import type { Item } from '../functions/copy-segment/item.ts';
import { WAKES_INSPECTOR_ON_JOBS, WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import { adaptersOn } from './support/adapters.ts';
import { HOUR, job, NOW, type Row, task } from './support/builders.ts';
import { disturbedClients } from './support/embedded-world.ts';
import { asRead, type ChangeCase, EVERY_CHANGE } from './support/every-change.ts';
import { type ReactiveWorld, reactiveWorld } from './support/reactive-world.ts';

type Woken = 'inspector' | 'checker';

const PATTERNS: Readonly<Record<'jobs' | 'tasks', readonly (readonly [Woken, readonly unknown[]])[]>> = {
  tasks: [
    ['inspector', WAKES_INSPECTOR_ON_TASKS],
    ['checker', WAKES_CHECKER_ON_TASKS],
  ],
  jobs: [['inspector', WAKES_INSPECTOR_ON_JOBS]],
};

const wokenBy = (table: 'jobs' | 'tasks', record: LambdaRecord): Woken[] =>
  PATTERNS[table].flatMap(([who, patterns]) =>
    patterns.some((pattern) => passesFilter(pattern, record)) ? [who] : [],
  );

/** The changes that wake somebody; every other one wakes nobody. */
const WAKES: Readonly<Record<string, readonly Woken[]>> = {
  // By workers.
  failed: ['inspector', 'checker'],
  retried: ['inspector'],
  'handedOver, with progress': ['inspector'],
  completed: ['checker'],
  // By the inspector: it drops what it fails itself, the job is the checker's.
  failedForLostLeases: ['checker'],
  // By the checker, an operator and submit.
  jobFailed: ['inspector'],
  jobCancelled: ['inspector'],
  failedToFill: ['inspector'],
};

describe('a record of the stream', () => {
  let world: ReactiveWorld;
  let write: ReturnType<typeof adaptersOn>['write'];
  beforeAll(async () => {
    world = await reactiveWorld();
    write = adaptersOn({ ...disturbedClients(), tables: world.tables }).write;
  });

  /** The one record of what is done. */
  async function recordOf(table: 'jobs' | 'tasks', act: () => Promise<unknown>): Promise<LambdaRecord> {
    await world.records(table);
    await act();
    const records = await world.records(table);
    expect(records).toHaveLength(1);
    return records[0] as LambdaRecord;
  }

  const inStreams = ({ row }: ChangeCase): boolean => row.table !== 'segments';

  it('has a case for each change that is said to wake somebody', () => {
    const titles = EVERY_CHANGE.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(Object.keys(WAKES)));
  });

  it.each(EVERY_CHANGE.filter(inStreams))(
    'of $title wakes whom it is for, and nobody else',
    async ({ title, row, make }) => {
      // A worker has a task from a message, which was marked.
      const isClaimed = row.table === 'tasks' && row.item.state === 'InProgress';
      const item = { ...row.item, ...(isClaimed && { enqueuedAt: NOW - HOUR, enqueueCount: 1n }) } as Item;
      await world.put(row.table, asRead(item) as Record<string, unknown>);
      const change = make(asRead(item));
      const kind = row.table as 'jobs' | 'tasks';
      const record = await recordOf(kind, async () =>
        expect(await write([change])).toEqual([{ kind: 'done' }]),
      );
      expect(wokenBy(kind, record)).toEqual(WAKES[title] ?? []);
    },
  );

  it.each<[string, Row, Woken[]]>([
    ['a task created Pending', task({ jobId: 70n }), ['inspector']],
    [
      'a task created Failed, by a writer that copies tables',
      task({ jobId: 71n, state: 'Failed' }),
      ['inspector', 'checker'],
    ],
    ['a task created InProgress', task({ jobId: 72n, state: 'InProgress' }), []],
    ['a job created Failed', job({ jobId: 73n, state: 'Failed' }), ['inspector']],
    ['a job created Pending', job({ jobId: 74n, state: 'Pending' }), []],
  ])('of %s wakes whom it is for', async (_, { table, item }, woken) => {
    const kind = table as 'jobs' | 'tasks';
    const record = await recordOf(kind, () => world.put(table, item));
    expect(wokenBy(kind, record)).toEqual(woken);
  });

  it('of a task that is removed, by hand or by its time to live, wakes nobody', async () => {
    const { table, item } = task({ jobId: 80n, state: 'Failed' });
    await world.put(table, item);
    const record = await recordOf('tasks', () => world.remove('tasks', { jobId: 80n, taskId: 1n }));
    expect(record.eventName).toBe('REMOVE');
    expect(wokenBy('tasks', record)).toEqual([]);
  });

  it('of a task that fails without a reason wakes both', async () => {
    const { item } = task({ jobId: 81n, state: 'InProgress' });
    await world.put('tasks', item);
    const record = await recordOf('tasks', () => world.put('tasks', { ...item, state: 'Failed' }));
    expect(wokenBy('tasks', record)).toEqual(['inspector', 'checker']);
  });
});

describe('the patterns', () => {
  const all = [...WAKES_INSPECTOR_ON_TASKS, ...WAKES_INSPECTOR_ON_JOBS, ...WAKES_CHECKER_ON_TASKS];

  it('stay within what Lambda takes: five to a source, 4096 characters each, and nothing but `dynamodb`', () => {
    for (const patterns of [WAKES_INSPECTOR_ON_TASKS, WAKES_INSPECTOR_ON_JOBS, WAKES_CHECKER_ON_TASKS])
      expect(patterns.length).toBeLessThanOrEqual(5);
    for (const pattern of all) {
      expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(4_096);
      expect(Object.keys(pattern)).toEqual(['dynamodb']);
    }
  });
});
