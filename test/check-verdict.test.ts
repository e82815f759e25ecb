import { describe, expect, it } from 'vitest';
import { createSurvey, type Survey } from '../functions/checker/survey.ts';
import { type CheckVerdictKind, verdictOn } from '../functions/checker/verdict.ts';
import type { CheckedJob } from '../functions/copy-segment/checked-job.ts';
import { toCheckedJob } from '../functions/copy-segment/checked-job.ts';
import { nextLookAt } from '../functions/copy-segment/checker-job-changes.ts';
import { backoffMs } from '../functions/copy-segment/due-index.ts';
import { readJob } from '../functions/copy-segment/job.ts';
import { readTask, sightTask } from '../functions/copy-segment/task.ts';
import { HOUR, job as jobRow, MINUTE, NOW, type Row, task } from './support/builders.ts';

/** Items as DynamoDB returns them: whole numbers are bigint. */
const asRead = ({ item }: Row): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value,
    ]),
  );

function job(overrides: Record<string, unknown>): CheckedJob {
  const reading = readJob(asRead(jobRow(overrides)));
  if (!reading.ok) throw new Error(reading.reason);
  return toCheckedJob(reading.value);
}

function survey(...rows: readonly Row[]): Survey {
  const gathered = createSurvey();
  for (const row of rows) gathered.add(sightTask(asRead(row), readTask));
  return gathered.end();
}

const completed = (taskId: bigint, ...targets: readonly bigint[]): Row =>
  task({ taskId, state: 'Completed', targets });
const pending = (taskId: bigint, ...targets: readonly bigint[]): Row => task({ taskId, targets });
const failed = (taskId: bigint, reason: string | null = 'disk'): Row =>
  task({ taskId, state: 'Failed', reason, targets: [taskId * 10n] });
const unreadable = (taskId: bigint): Row => task({ taskId, state: 'Paused' as 'Pending' });

const two = { totalTasks: 2, totalSegments: 3 };
const allDone = [completed(1n, 11n, 12n), completed(2n, 21n)];
const past = { timeoutAt: NOW - 1 };

type Case = [
  what: string,
  job: Record<string, unknown>,
  tasks: readonly Row[],
  kind: CheckVerdictKind,
  because: string,
];

const check = (
  _: string,
  of: Record<string, unknown>,
  tasks: readonly Row[],
  kind: CheckVerdictKind,
  because: string,
) => {
  const verdict = verdictOn(job(of), survey(...tasks), NOW);
  expect(verdict.kind).toBe(kind);
  expect(verdict.because).toBe(because);
  if (verdict.kind === 'fail') expect(verdict.reason).toBe(because);
};

describe('a job one of whose tasks Failed', () => {
  it.each<Case>([
    ['Pending', { state: 'Pending', ...two }, [failed(1n)], 'fail', '1/2 tasks failed: disk'],
    [
      'Executing',
      { state: 'Executing', ...two },
      [completed(1n, 11n), failed(2n)],
      'fail',
      '1/2 tasks failed: disk',
    ],
    [
      'without totals, by the tasks there are',
      { state: 'Executing' },
      [completed(1n), failed(2n, 'first'), failed(3n, 'second')],
      'fail',
      '2/3 tasks failed: first',
    ],
    [
      'past its deadline: the failure says more',
      { state: 'Executing', ...two, ...past },
      [failed(1n)],
      'fail',
      '1/2 tasks failed: disk',
    ],
    [
      'with a task that cannot be read: that makes no difference',
      { state: 'Executing', ...two },
      [unreadable(1n), failed(2n)],
      'fail',
      '1/2 tasks failed: disk',
    ],
    [
      'without a reason',
      { state: 'Executing', ...two },
      [failed(2n, null)],
      'fail',
      '1/2 tasks failed: task 2 gives no reason',
    ],
  ])('%s, fails', check);
});

describe('a job that cannot be trusted', () => {
  const flaws: [string, Record<string, unknown>, readonly Row[], RegExp][] = [
    ['an unreadable task', two, [completed(1n, 11n, 12n), unreadable(2n)], /^task 2: state: must be one of/],
    [
      'a target without an id',
      two,
      [completed(1n, 11n, 12n), task({ taskId: 2n, state: 'Completed', idMappings: [{}] })],
      /^task 2: idMappings\.0\.targetSegmentId: is missing/,
    ],
    [
      'a mapping whose source is wrong',
      two,
      [
        completed(1n, 11n, 12n),
        task({ taskId: 2n, state: 'Completed', idMappings: [{ targetSegmentId: 21n, partitionId: 3n }] }),
      ],
      /^task 2: idMappings\.0\.sourceSegmentId: is missing/,
    ],
    [
      'a target in two tasks',
      two,
      [completed(1n, 11n, 12n), completed(2n, 11n)],
      /^target 11 is named twice/,
    ],
    [
      'a target twice in one task',
      two,
      [completed(1n, 11n, 12n), completed(2n, 21n, 21n)],
      /^target 21 is named twice/,
    ],
    ['more tasks than totalTasks', two, [...allDone, completed(3n)], /^there are 3 tasks, totalTasks is 2/],
    [
      'totals that cannot be read',
      { ...two, totalTasks: 'two' },
      allDone,
      /^totalTasks: must be a whole number/,
    ],
    [
      'a deadline that cannot be read',
      { ...two, timeoutAt: 'soon' },
      allDone,
      /^timeoutAt: must be a whole number/,
    ],
  ];

  it.each(flaws)('%s: neither started nor published, but reported; it waits', (_, of, tasks, why) => {
    for (const state of ['Pending', 'Executing', 'Publishing']) {
      const verdict = verdictOn(job({ state, ...of }), survey(...tasks), NOW);
      expect(verdict).toMatchObject({ kind: 'wait', malformed: expect.stringMatching(why) });
    }
  });

  it.each(flaws.slice(0, 6))('%s: the deadline holds', (_, of, tasks) => {
    const kinds = ['Pending', 'Executing', 'Publishing'].map((state) =>
      verdictOn(job({ state, ...of, ...past }), survey(...tasks), NOW),
    );
    expect(kinds).toMatchObject([
      { kind: 'fail', reason: 'timeout' },
      { kind: 'fail', reason: 'timeout' },
      { kind: 'fail', reason: 'timeout while publishing' },
    ]);
  });

  it.each([
    ['fewer', { totalTasks: 2, totalSegments: 2 }, 2],
    ['more', { totalTasks: 2, totalSegments: 4 }, 4],
    ['missing', { totalTasks: 2 }, 'missing'],
  ])('totalSegments is %s: all Completed, it is not published', (_, totals, is) => {
    for (const state of ['Executing', 'Publishing'])
      expect(verdictOn(job({ state, ...totals }), survey(...allDone), NOW)).toMatchObject({
        kind: 'wait',
        malformed: `its tasks have 3 targets, totalSegments is ${is}`,
      });
  });

  it.each([
    ['a task that is not Completed', [completed(1n, 11n, 12n), pending(2n, 21n)], 'task 2 is Pending'],
    ['a task missing', [completed(1n, 11n, 12n)], '1 tasks are there'],
    ['no task', [], '0 tasks are there'],
  ])('Publishing with %s: nothing half copied becomes visible', (_, tasks, what) => {
    const verdict = verdictOn(job({ state: 'Publishing', ...two }), survey(...tasks), NOW);
    expect(verdict.kind).toBe('wait');
    expect(verdict.malformed).toContain(`the job is Publishing, but ${what}`);
  });
});

describe('a Pending job', () => {
  it.each<Case>([
    [
      'all of whose tasks are there is started',
      { ...two },
      [pending(1n, 11n), pending(2n, 12n)],
      'start',
      'all 2 tasks are there',
    ],
    [
      'all of whose tasks are there is started past its deadline: what follows judges it as Executing',
      { ...two, ...past },
      [pending(1n, 11n), pending(2n, 12n)],
      'start',
      'all 2 tasks are there',
    ],
    ['that is being filled waits', { ...two }, [pending(1n)], 'wait', '1 of 2 tasks are there'],
    ['without totals waits: its writer starts it', {}, allDone, 'wait', '2 of unknown tasks are there'],
    ['of no tasks waits', { totalTasks: 0, totalSegments: 0 }, [], 'wait', '0 of 0 tasks are there'],
    ['past its deadline fails', { ...two, ...past }, [pending(1n)], 'fail', 'timeout'],
    ['at its very deadline fails', { ...two, timeoutAt: NOW }, [pending(1n)], 'fail', 'timeout'],
    [
      'a moment before it waits',
      { ...two, timeoutAt: NOW + 1 },
      [pending(1n)],
      'wait',
      '1 of 2 tasks are there',
    ],
  ])('%s', (what, of, ...rest) => {
    check(what, { state: 'Pending', ...of }, ...rest);
  });
});

describe('an Executing job', () => {
  it.each<Case>([
    ['all of whose tasks are Completed is published', two, allDone, 'publish', 'all 2 tasks are Completed'],
    ['all done beats the deadline', { ...two, ...past }, allDone, 'publish', 'all 2 tasks are Completed'],
    [
      'without totals, of another writer, is published when all are Completed',
      {},
      allDone,
      'publish',
      'all 2 tasks are Completed',
    ],
    ['without totals and tasks never completes', {}, [], 'wait', '0 of 0 tasks are Completed'],
    [
      'of no tasks never completes',
      { totalTasks: 0, totalSegments: 0 },
      [],
      'wait',
      '0 of 0 tasks are Completed',
    ],
    [
      'one of whose tasks is missing waits',
      two,
      [completed(1n, 11n, 12n, 21n)],
      'wait',
      '1 of 2 tasks are Completed',
    ],
    [
      'one of whose tasks is Pending waits',
      two,
      [completed(1n, 11n, 12n), pending(2n, 21n)],
      'wait',
      '1 of 2 tasks are Completed',
    ],
    [
      'past its deadline fails',
      { ...two, ...past },
      [completed(1n, 11n, 12n), pending(2n, 21n)],
      'fail',
      'timeout',
    ],
    ['of no tasks fails at its deadline', past, [], 'fail', 'timeout'],
  ])('%s', (what, of, ...rest) => {
    check(what, { state: 'Executing', ...of }, ...rest);
  });

  it('is not judged by its hints, which may lie', () => {
    const lying = { completedTasks: 2, completedSegments: 3, copiedBytes: 10 ** 6 };
    const tasks = survey(completed(1n, 11n, 12n), pending(2n, 21n));
    expect(verdictOn(job({ ...two, ...lying }), tasks, NOW).kind).toBe('wait');
    expect(verdictOn(job({ ...two, completedTasks: 0 }), survey(...allDone), NOW).kind).toBe('publish');
  });
});

describe('a job that is', () => {
  it.each<Case>([
    [
      'Publishing is published on',
      { state: 'Publishing', ...two },
      allDone,
      'publishOn',
      'the job is Publishing',
    ],
    [
      'Publishing past its deadline is published on',
      { state: 'Publishing', ...two, ...past },
      allDone,
      'publishOn',
      'the job is Publishing',
    ],
    [
      'Completed leaves the index',
      { state: 'Completed', ...past },
      [failed(1n)],
      'leave',
      'the job is Completed',
    ],
    [
      'Failed is the inspector’s',
      { state: 'Failed', ...past },
      [failed(1n)],
      'untouched',
      'the job failed: it is the inspector’s',
    ],
  ])('%s', check);
});

describe('the next look', () => {
  const at = (looks: number, overrides: Record<string, unknown> = {}): number =>
    nextLookAt(job({ ...overrides }), looks, NOW) - NOW;

  it('is 15 minutes away, doubling with each vain look, at most 6 hours', () => {
    const minutes = [1, 2, 3, 4, 5, 6, 60].map((looks) => at(looks) / MINUTE);
    expect(minutes).toEqual([15, 30, 60, 120, 240, 360, 360]);
    expect(at(1)).toBe(backoffMs(1));
  });

  it('is never past the deadline, and never before a minute is over', () => {
    expect(at(3, { timeoutAt: NOW + HOUR / 2 })).toBe(HOUR / 2);
    expect(at(1, { timeoutAt: NOW + 1_000 })).toBe(MINUTE);
  });
});
