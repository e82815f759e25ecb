import { describe, expect, it } from 'vitest';
import { backoffMs, dueShardOf, shardToKeep } from '../functions/copy-segment/due-index.ts';
import type { Job, JobLookup, JobState } from '../functions/copy-segment/job.ts';
import type { Task } from '../functions/copy-segment/task.ts';
import { type Mode, type VerdictKind, verdictOn, verdictOnJob } from '../functions/inspector/verdict.ts';
import { HOUR, MINUTE, NOW } from './support/builders.ts';

const task = (overrides: Partial<Task>): Task => ({
  jobId: 1n,
  taskId: 1n,
  state: 'Pending',
  collectionId: 7n,
  taskVersion: 0,
  enqueueCount: 0,
  targetSegmentIds: [],
  ...overrides,
});
const job = (state: JobState, overrides: Partial<Job> = {}): Job => ({ jobId: 1n, state, ...overrides });

const running = { state: 'InProgress', leaseExpiresAt: NOW + MINUTE } as const;
const expired = { state: 'InProgress', leaseExpiresAt: NOW - 1 } as const;
const leaseless = { state: 'InProgress' } as const;
const RUNNING: readonly JobState[] = ['Pending', 'Executing', 'Publishing'];
const FINISHED: readonly JobState[] = ['Completed', 'Failed'];
const unreadable: JobLookup = { unreadable: 'state: is missing' };

type Row = [
  what: string,
  task: Partial<Task>,
  jobs: readonly JobLookup[],
  kind: VerdictKind,
  because: RegExp,
];

const jobs = (states: readonly JobState[]): Job[] => states.map((state) => job(state));
const anyJob: JobLookup[] = [...jobs([...RUNNING, ...FINISHED]), 'missing', unreadable];

const inBothModes: Row[] = [
  ['Pending task of a running job', {}, jobs(RUNNING), 'enqueue', /Pending, its job is/],
  ['Pending task of a finished job', {}, jobs(FINISHED), 'rest', /its job is/],
  ['Pending task without a job', {}, ['missing'], 'orphan', /its job is missing/],
  ['InProgress task without a job', running, ['missing'], 'orphan', /its job is missing/],
  ['expired lease', expired, jobs(RUNNING), 'release', /the lease ran out at 2026-/],
  ['expired lease, ninth version', { ...expired, taskVersion: 9 }, jobs(RUNNING), 'release', /ran out/],
  [
    'expired lease, tenth version',
    { ...expired, taskVersion: 10 },
    jobs(RUNNING),
    'fail',
    /^lease lost 10 times$/,
  ],
  ['InProgress task of a finished job', running, jobs(FINISHED), 'rest', /its job is/],
  ['expired lease of a finished job', expired, jobs(FINISHED), 'rest', /its job is/],
  ['Failed task', { state: 'Failed' }, anyJob, 'drop', /the task has Failed/],
  ['settled Failed task', { state: 'Failed', segmentsDroppedAt: NOW }, anyJob, 'rest', /settled/],
  ['Completed task', { state: 'Completed' }, anyJob, 'rest', /Completed/],
  [
    'Pending task of an unreadable job',
    {},
    [unreadable],
    'malformed',
    /its job cannot be read: state: is missing/,
  ],
  ['InProgress task of an unreadable job', expired, [unreadable], 'malformed', /cannot be read/],
];

const inInspect: Row[] = [
  ['running lease', running, jobs(RUNNING), 'wait', /the lease is running/],
  ['InProgress task without a lease', leaseless, jobs(RUNNING), 'wait', /no lease to run out/],
];

const inRecover: Row[] = [
  ['running lease', running, jobs(RUNNING), 'enqueue', /recovery/],
  ['running lease, tenth version', { ...running, taskVersion: 10 }, jobs(RUNNING), 'enqueue', /recovery/],
  ['InProgress task without a lease', leaseless, jobs(RUNNING), 'enqueue', /recovery, .* no lease/],
];

const rows = (mode: Mode, table: Row[]) =>
  table.flatMap(([what, overrides, lookups, kind, because]) =>
    lookups.map((lookup) => ({ mode, what, overrides, lookup, kind, because, ofJob: nameOf(lookup) })),
  );

const nameOf = (lookup: JobLookup): string =>
  lookup === 'missing' ? 'missing' : 'unreadable' in lookup ? 'unreadable' : lookup.state;

describe('the verdict on a task', () => {
  it.each([
    ...rows('inspect', [...inBothModes, ...inInspect]),
    ...rows('recover', [...inBothModes, ...inRecover]),
  ])('$mode: $what, job $ofJob: $kind', ({ mode, overrides, lookup, kind, because }) => {
    const verdict = verdictOn(task(overrides), lookup, NOW, mode);
    expect(verdict.kind).toBe(kind);
    expect(verdict.because).toMatch(because);
  });

  it('calls a lease expired from the very millisecond on that its marker names', () => {
    const atThisMoment = task({ state: 'InProgress', leaseExpiresAt: NOW });
    expect(verdictOn(atThisMoment, job('Executing'), NOW, 'inspect').kind).toBe('release');
  });

  it('sends a recovered task with the reason recovery, a Pending one with the reason pending', () => {
    expect(verdictOn(task(running), job('Executing'), NOW, 'recover')).toMatchObject({
      messageReason: 'recovery',
    });
    expect(verdictOn(task({}), job('Executing'), NOW, 'recover')).toMatchObject({ messageReason: 'pending' });
  });
});

describe('the verdict on a job', () => {
  it.each<[JobState, Partial<Job>, 'dropAll' | 'rest']>([
    ['Pending', {}, 'rest'],
    ['Executing', {}, 'rest'],
    ['Publishing', {}, 'rest'],
    ['Completed', {}, 'rest'],
    ['Failed', {}, 'dropAll'],
    ['Failed', { segmentsDroppedAt: NOW }, 'rest'],
  ])('%s %o: %s', (state, overrides, kind) => {
    expect(verdictOnJob(job(state, overrides)).kind).toBe(kind);
  });
});

describe('when to look next', () => {
  it('backs off 15 minutes after the first enqueue, doubling, at most 6 hours', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 50].map((enqueueCount) => backoffMs(enqueueCount) / MINUTE);
    expect(minutes).toEqual([15, 30, 60, 120, 240, 360, 360]);
    expect(backoffMs(2_000)).toBe(6 * HOUR);
  });

  it('spreads ids over the shards by their remainder, past 2^53 too', () => {
    expect([9n, 10n, 449_999_999_999_999_991n].map((id) => dueShardOf(id, 4))).toEqual([1, 2, 3]);
  });

  it('keeps the shard an item has, whatever the number of shards has grown to', () => {
    expect(shardToKeep(7n, 3, 8)).toBe(3);
    expect(shardToKeep(7n, undefined, 8)).toBe(7);
    expect(shardToKeep(7n, 9, 8)).toBe(7);
  });
});
