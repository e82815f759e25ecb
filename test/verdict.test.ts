import { describe, expect, it } from 'vitest';
import { backoffMs, dueShardOf, shardToKeep } from '../functions/copy-segment/due-index.ts';
import type { Job, JobState } from '../functions/copy-segment/job.ts';
import type { DispatchableTask, Task, TaskState, TaskTruth } from '../functions/copy-segment/task.ts';
import {
  type JobVerdictKind,
  type KnownJob,
  type Mode,
  type VerdictKind,
  verdictOn,
  verdictOnJob,
} from '../functions/inspector/verdict.ts';
import { HOUR, MINUTE, NOW } from './support/builders.ts';

const task = (overrides: Partial<DispatchableTask & TaskTruth> = {}): Task => ({
  jobId: 1n,
  taskId: 1n,
  state: 'Pending',
  collectionId: 7n,
  taskVersion: 0,
  enqueueCount: 0,
  lostLeases: 0,
  targetSegmentIds: [],
  dropAttempts: 0,
  dueShard: 1,
  dueAt: NOW,
  raw: {},
  ...overrides,
});
const flawed = (state: TaskState): Task => {
  const { jobId, taskId, dueAt, raw, targetSegmentIds, dropAttempts } = task();
  return {
    jobId,
    taskId,
    dueAt,
    raw,
    targetSegmentIds,
    dropAttempts,
    state,
    flaws: 'taskVersion: is missing',
  };
};
const job = (state: JobState, overrides: Partial<Job> = {}): Job => ({
  jobId: 1n,
  state,
  raw: {},
  ...overrides,
});

const running = { state: 'InProgress', leaseExpiresAt: NOW + MINUTE } as const;
const expired = { state: 'InProgress', leaseExpiresAt: NOW - 1 } as const;
const leaseless = { state: 'InProgress' } as const;
const RUNNING: readonly JobState[] = ['Pending', 'Executing', 'Publishing'];
const unreadable: KnownJob = { unreadable: 'state: is missing', raw: {} };

type Row = [what: string, task: Task, jobs: readonly KnownJob[], kind: VerdictKind, because: RegExp];

const jobs = (...states: readonly JobState[]): Job[] => states.map((state) => job(state));
const notFailed: KnownJob[] = [...jobs(...RUNNING, 'Completed'), 'missing', unreadable];
const notCompleted: KnownJob[] = [...jobs(...RUNNING, 'Failed'), 'missing', unreadable];
const anyJob: KnownJob[] = [...notFailed, job('Failed')];

// Section 5 of the contract, row by row.
const inBothModes: Row[] = [
  ['Pending', task(), jobs(...RUNNING), 'enqueue', /Pending, its job is/],
  ['Pending', task(), jobs('Completed'), 'rest', /its job is Completed/],
  ['Pending', task(), ['missing'], 'orphan', /its job is missing/],
  ['Pending', task(), [unreadable], 'malformed', /its job cannot be read: state: is missing/],
  ['InProgress', task(running), ['missing'], 'orphan', /its job is missing/],
  ['InProgress', task(running), jobs('Completed'), 'rest', /its job is Completed/],
  ['InProgress', task(expired), [unreadable], 'malformed', /cannot be read/],
  ['expired', task(expired), jobs(...RUNNING), 'release', /the lease ran out at 2026-/],
  ['expired', task(expired), jobs('Completed'), 'rest', /its job is Completed/],
  ['expired, 8 lost', task({ ...expired, lostLeases: 8 }), jobs(...RUNNING), 'release', /ran out/],
  ['expired, 9 lost', task({ ...expired, lostLeases: 9 }), jobs(...RUNNING), 'fail', /^lease lost 10 times$/],
  ['expired, version 19', task({ ...expired, taskVersion: 19 }), jobs(...RUNNING), 'release', /ran out/],
  ['Failed', task({ state: 'Failed' }), notCompleted, 'drop', /the task failed/],
  ['Failed', task({ state: 'Failed' }), jobs('Completed'), 'contradiction', /its segments are live/],
  ['settled', task({ state: 'Failed', segmentsDroppedAt: NOW }), anyJob, 'rest', /settled/],
  ['Completed', task({ state: 'Completed' }), notFailed, 'rest', /Completed/],
  ['Pending', task(), jobs('Failed'), 'drop', /the task is Pending, its job failed/],
  ['InProgress', task(running), jobs('Failed'), 'drop', /its job failed/],
  ['expired', task(expired), jobs('Failed'), 'drop', /its job failed/],
  ['Completed', task({ state: 'Completed' }), jobs('Failed'), 'drop', /its job failed/],
  [
    'Failed without marker',
    task({ state: 'Failed', dueAt: undefined }),
    jobs('Failed'),
    'rest',
    /with its job/,
  ],
  ['Pending without marker', task({ dueAt: undefined }), jobs('Failed'), 'rest', /with its job/],
  [
    'late writer',
    task({ dueAt: undefined }),
    [job('Failed', { segmentsDroppedAt: NOW })],
    'drop',
    /its job failed/,
  ],
  ['flawed Pending', flawed('Pending'), jobs(...RUNNING), 'malformed', /taskVersion: is missing/],
  ['flawed Pending', flawed('Pending'), jobs('Failed'), 'drop', /its job failed/],
  ['flawed Failed', flawed('Failed'), notCompleted, 'drop', /the task failed/],
  ['flawed Completed', flawed('Completed'), notFailed, 'rest', /Completed/],
];

const inInspect: Row[] = [
  ['leased', task(running), jobs(...RUNNING), 'wait', /the lease is running/],
  ['leased, 9 lost', task({ ...running, lostLeases: 9 }), jobs(...RUNNING), 'wait', /running/],
  ['without a lease', task(leaseless), jobs(...RUNNING), 'rest', /no lease that could run out/],
];

const inRecover: Row[] = [
  ['leased', task(running), jobs(...RUNNING), 'enqueue', /recovery/],
  ['leased, 9 lost', task({ ...running, lostLeases: 9 }), jobs(...RUNNING), 'enqueue', /recovery/],
  ['without a lease', task(leaseless), jobs(...RUNNING), 'enqueue', /recovery: .* no lease/],
];

const rows = (mode: Mode, table: Row[]) =>
  table.flatMap(([what, subject, lookups, kind, because]) =>
    lookups.map((lookup) => ({ mode, what, subject, lookup, kind, because, ofJob: nameOf(lookup) })),
  );

const nameOf = (lookup: KnownJob): string =>
  lookup === 'missing' ? 'missing' : 'unreadable' in lookup ? 'unreadable' : lookup.state;

describe('the verdict on a task', () => {
  it.each([
    ...rows('inspect', [...inBothModes, ...inInspect]),
    ...rows('recover', [...inBothModes, ...inRecover]),
  ])('$mode: $what, job $ofJob: $kind', ({ mode, subject, lookup, kind, because }) => {
    const verdict = verdictOn(subject, lookup, NOW, mode);
    expect(verdict.kind).toBe(kind);
    expect(verdict.because).toMatch(because);
  });

  it('calls a lease expired from the very millisecond that its marker names', () => {
    const atThisMoment = task({ state: 'InProgress', leaseExpiresAt: NOW });
    expect(verdictOn(atThisMoment, job('Executing'), NOW, 'inspect').kind).toBe('release');
  });

  it('sends a recovered task with the reason recovery, a Pending one with the reason pending', () => {
    expect(verdictOn(task(running), job('Executing'), NOW, 'recover')).toMatchObject({
      messageReason: 'recovery',
    });
    expect(verdictOn(task({}), job('Executing'), NOW, 'recover')).toMatchObject({ messageReason: 'pending' });
  });

  it('drops on behalf of the job if it failed, otherwise of the task: only the former drops what is published', () => {
    const failed = task({ state: 'Failed' });
    expect(verdictOn(failed, job('Failed'), NOW, 'inspect')).toMatchObject({ cause: 'job' });
    expect(verdictOn(failed, job('Publishing'), NOW, 'inspect')).toMatchObject({ cause: 'task' });
    expect(verdictOn(failed, 'missing', NOW, 'inspect')).toMatchObject({ cause: 'task' });
    expect(verdictOn(task(), job('Failed'), NOW, 'inspect')).toMatchObject({ cause: 'job' });
  });
});

describe('the verdict on a job', () => {
  it.each<[JobState, Partial<Job>, JobVerdictKind]>([
    ['Pending', { dueAt: NOW - 1 }, 'leave'],
    ['Executing', { dueAt: NOW - HOUR }, 'leave'],
    ['Publishing', {}, 'leave'],
    ['Pending', { dueAt: NOW - HOUR - 1 }, 'unchecked'],
    ['Executing', { dueAt: NOW - HOUR - 1 }, 'unchecked'],
    ['Publishing', { dueAt: NOW - HOUR - 1 }, 'unchecked'],
    ['Completed', { dueAt: NOW - 2 * HOUR }, 'rest'],
    ['Failed', { dueAt: NOW - 2 * HOUR }, 'dropAll'],
    ['Failed', { segmentsDroppedAt: NOW }, 'rest'],
  ])('%s %o: %s', (state, overrides, kind) => {
    expect(verdictOnJob(job(state, overrides), NOW).kind).toBe(kind);
  });
});

describe('when to look next', () => {
  it('backs off 15 minutes after the first enqueue, doubling, at most 6 hours', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 50].map((enqueueCount) => backoffMs(enqueueCount) / MINUTE);
    expect(minutes).toEqual([15, 30, 60, 120, 240, 360, 360]);
    expect(backoffMs(2_000)).toBe(6 * HOUR);
  });

  it('spreads ids over the shards by their remainder, also beyond 2^53', () => {
    expect([9n, 10n, 449_999_999_999_999_991n].map((id) => dueShardOf(id, 4))).toEqual([1, 2, 3]);
  });

  it('keeps the shard an item has, whatever the number of shards has grown to', () => {
    expect(shardToKeep(7n, 3, 8)).toBe(3);
    expect(shardToKeep(7n, undefined, 8)).toBe(7);
    expect(shardToKeep(7n, 9, 8)).toBe(7);
  });
});
