import { describe, expect, it } from 'vitest';
import { INVARIANTS } from '../../functions/copy-segment/invariants.ts';
import { type ObjectWrite, violationsInWrites } from '../../functions/copy-segment/invariants-of-objects.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { job, MINUTE, NOW, type Row, segment, task } from '../support/builders.ts';
import { copied, submitted } from '../support/checker-world.ts';
import { everySituation } from '../support/every-situation.ts';
import { BROKEN, failedJob, settledJob } from './broken-tables.ts';
import { asStored } from './memory-tables.ts';
import { violationsOf } from './restores.ts';

const violated = (...rows: readonly Row[]): string[] => {
  const of = (table: Row['table']): Item[] =>
    rows.filter((row) => row.table === table).map(({ item }) => asStored(item) as Item);
  const violations = violationsOf({ jobs: of('jobs'), tasks: of('tasks'), segments: of('segments') }, NOW);
  return [...violations].map(([name, reason]) => `${name}: ${reason}`);
};

describe('what must hold of the tables', () => {
  it.each(BROKEN)('%s', (violation, rows) => {
    expect(violated(...rows)).toEqual([violation]);
  });

  it('is each shown broken above', () => {
    const shown = INVARIANTS.filter(({ name }) =>
      BROKEN.some(([violation]) => violation.startsWith(`${name} (`)),
    );
    expect(shown).toEqual(INVARIANTS);
  });

  it('holds of every situation that is not malformed', () => {
    expect(violated(...everySituation())).toEqual([
      expect.stringContaining('a task can be read (jobId 10, taskId 107): state: must be one of'),
      expect.stringContaining('is out of the index, unless its job failed (jobId 10, taskId 106)'),
      expect.stringContaining('has no task that is not Completed (jobId 30, taskId 301): it is Pending'),
    ]);
  });

  it.each([
    ['the target of a late task, which is still due', [settledJob, task({ targets: [11n] }), segment(11n)]],
    [
      'a target that belongs to another job',
      [settledJob, task({ dueAt: null, targets: [11n] }), segment(11n, 'Importing', { jobId: 2n })],
    ],
    ['a target that does not exist', [settledJob, task({ dueAt: null, targets: [11n] })]],
    [
      'a task that the drops of its job are past, but could not read',
      [
        job({ state: 'Failed', droppedPastTaskId: 5n, undroppedTaskIds: [1n] }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n),
      ],
    ],
    ['a task InProgress without a lease, which rests', [job(), task({ state: 'InProgress' })]],
    ['an unfinished task of a job that failed', [failedJob, task({ dueAt: null })]],
    ['a restore that was submitted and copied', copied(2, 2)],
    [
      'a submission that is not filled yet',
      [
        submitted(2, 2, { state: 'Pending' }),
        task({ targets: [11n] }),
        segment(11n, 'Importing', { taskId: 1n }),
      ],
    ],
    [
      'a job that failed while it was published, by a clock that is minutes behind',
      [
        job({ state: 'Failed', completedAt: NOW - 5 * MINUTE }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n, 'Flushed', { isImporting: false, publishedAt: NOW }),
      ],
    ],
    [
      'targets of a Failed submission that were deleted after they were dropped',
      [submitted(1, 1, { state: 'Failed', segmentsDroppedAt: NOW, dueAt: null }), task({ targets: [11n] })],
    ],
    [
      'a restore that DynamoDB is about to delete, item by item',
      [
        submitted(1, 1, { state: 'Completed', dueAt: null, expiresAt: Math.floor(NOW / 1_000) }),
        segment(11n, 'Flushed', { isImporting: false }),
      ],
    ],
    [
      'a target of a Completed job that another job owns, and dropped',
      [
        job({ state: 'Completed' }),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n, 'Dropped', { jobId: 2n, isImporting: false }),
      ],
    ],
    [
      'a NULL, which is absent',
      [{ table: 'jobs', item: { ...job().item, segmentsDroppedAt: null, dueAt: null } }],
    ],
  ])('allows %s', (_, rows) => {
    expect(violated(...(rows as Row[]))).toEqual([]);
  });
});

describe('what must hold of the objects that workers wrote', () => {
  const write = (overrides: Partial<ObjectWrite> = {}): ObjectWrite => ({
    bucket: 'live',
    key: 'files/1',
    jobId: 1n,
    taskId: 2n,
    taskVersion: 1,
    sentAt: NOW,
    leaseExpiresAt: NOW + MINUTE,
    ...overrides,
  });
  const broken = (...writes: readonly ObjectWrite[]): string[] =>
    [...violationsInWrites(writes)].map(
      ({ invariant, key, reason }) => `${invariant} (${key.bucket}/${key.key}): ${reason}`,
    );

  it('an object is written once', () => {
    expect(broken(write(), write({ bucket: 'other' }), write({ taskVersion: 3 }))).toEqual([
      'an object is written once (live/files/1): by task 1/2 in version 1, and again by task 1/2 in version 3',
    ]);
  });

  it('a worker writes none when its lease has ended, or without one', () => {
    expect(
      broken(
        write({ leaseExpiresAt: NOW }),
        write({ key: 'files/2', leaseExpiresAt: undefined }),
        write({ key: 'files/3', leaseExpiresAt: NOW + 1 }),
      ),
    ).toEqual([
      `a worker without a lease writes no object (live/files/1): task 1/2 in version 1 wrote it at ${NOW}, and its lease ended at ${NOW}`,
      `a worker without a lease writes no object (live/files/2): task 1/2 in version 1 wrote it at ${NOW}, and it had no lease`,
    ]);
  });
});
