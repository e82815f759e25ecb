import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TableKind } from '../functions/copy-segment/tables.ts';
import { job, MINUTE, type Row, segment, task } from './support/builders.ts';
import { copied } from './support/checker-world.ts';
import { alarmState, type MetricAlarm } from './support/metric-alarm.ts';
import { synthesise } from './support/synthesise.ts';
import { type WatchedDeployment, watchedDeployment } from './support/watched-deployment.ts';

/** As few as can be withheld in a test. */
const CONTEXT = { maxDrops: 3 };

const alarms = synthesise(CONTEXT)
  .ofType('AWS::CloudWatch::Alarm')
  .map(({ Properties }) => Properties as MetricAlarm);
const headingOf = ({ AlarmName }: MetricAlarm): string => AlarmName.split(': ')[1] ?? '';

/** What brings an alarm about, and what ends it. */
interface Drive {
  readonly when: string;
  drive(stack: WatchedDeployment): Promise<void>;
  mend(stack: WatchedDeployment): Promise<void>;
}

const dueNow = (row: Row, { now }: WatchedDeployment): Row => ({
  ...row,
  item: { ...row.item, dueAt: now() },
});
const pendingTask = (stack: WatchedDeployment): Promise<void> =>
  stack.world.has(job(), dueNow(task(), stack));
const targets = (...ids: readonly bigint[]): Row[] => ids.map((id) => segment(id));
/** A Failed task with targets, of a job that is never checked: it stays Executing. */
const failedTask = (stack: WatchedDeployment, ...ids: readonly bigint[]): Promise<void> =>
  stack.world.has(job(), dueNow(task({ state: 'Failed', targets: ids }), stack), targets(...ids));

const DRIVES: Readonly<Record<string, Drive>> = {
  'No passes': {
    when: 'its schedule is paused, whatever streams and operators invoke',
    async drive(stack) {
      stack.pause('Inspector');
      for (let minute = 0; minute < 10; minute++) {
        await stack.invoke('Inspector', { Records: [] });
        await stack.invoke('Inspector', { mode: 'recover' });
        await stack.minutes(1);
      }
    },
    async mend(stack) {
      stack.resume('Inspector');
      await stack.minutes(1);
    },
  },
  'Passes fail': {
    when: 'the queue is gone, and nothing of what is due can be done',
    async drive(stack) {
      await pendingTask(stack);
      await stack.deleteQueue();
      await stack.minutes(5);
    },
    async mend(stack) {
      await stack.createQueue();
      await stack.minutes(5);
      expect(await stack.world.task()).toHaveProperty('enqueuedAt');
    },
  },
  'Passes are cut short': {
    when: 'every pass of a quarter of an hour runs out of time',
    async drive(stack) {
      stack.remainingMs = 2_000;
      await stack.minutes(15);
    },
    async mend(stack) {
      stack.remainingMs = 15 * MINUTE;
      await stack.minutes(30);
    },
  },
  'Work is overdue': {
    when: 'a task is not sent for three quarters of an hour',
    async drive(stack) {
      await pendingTask(stack);
      await stack.deleteQueue();
      await stack.minutes(50);
    },
    async mend(stack) {
      await stack.createQueue();
      await stack.minutes(30);
      expect(await stack.world.task()).toHaveProperty('enqueuedAt');
    },
  },
  'Drops are withheld': {
    when: 'a pass is to drop more segments than maxDrops allows',
    async drive(stack) {
      await failedTask(stack, 11n, 12n, 13n, 14n);
      await stack.minutes(1);
    },
    async mend(stack) {
      await stack.invoke('Inspector', { mode: 'recover', maxDrops: 10 });
      expect(await stack.world.segment(14n)).toMatchObject({ state: 'Dropped' });
      await stack.minutes(15);
    },
  },
  'Drops fail': {
    when: 'writes to Segments are refused for a quarter of an hour',
    async drive(stack) {
      await failedTask(stack, 11n, 12n);
      stack.interfere(({ operation, input }) =>
        /Update|Execute|Write/.test(operation) && JSON.stringify(input).includes(stack.tables.segments)
          ? { type: 'AccessDeniedException', message: 'not authorized to perform dynamodb:PartiQLUpdate' }
          : undefined,
      );
      await stack.minutes(15);
    },
    async mend(stack) {
      stack.interfere();
      await stack.minutes(30);
      expect(await stack.world.segment(12n)).toMatchObject({ state: 'Dropped' });
    },
  },
  'A job stays unsettled': {
    when: 'the owner of a target of a Failed job cannot be read for a day',
    async drive(stack) {
      await stack.world.has(
        dueNow(job({ state: 'Failed', completedAt: stack.now() }), stack),
        task({ state: 'Completed', targets: [11n] }),
        segment(11n, 'Flushed', { jobId: 'one' as never }),
      );
      await stack.minutes(36 * 60, 30);
    },
    async mend(stack) {
      await stack.world.has(segment(11n, 'Flushed'));
      await stack.minutes(30 * 60, 30);
      expect(await stack.world.job()).toHaveProperty('segmentsDroppedAt');
    },
  },
  'No checks': {
    when: 'its schedule is paused, whatever streams and operators invoke',
    async drive(stack) {
      stack.pause('Checker');
      for (let minute = 0; minute < 10; minute++) {
        await stack.invoke('Checker', { Records: [] });
        await stack.invoke('Checker', { mode: 'recover' });
        await stack.minutes(1);
      }
    },
    async mend(stack) {
      stack.resume('Checker');
      await stack.minutes(1);
    },
  },
  'Checks fail': {
    when: 'the checker may not read Tasks',
    async drive(stack) {
      await stack.world.has(dueNow(job({ totalTasks: 1 }), stack));
      stack.interfere(({ operation, input }) =>
        operation === 'Query' && input.TableName === stack.tables.tasks && input.IndexName === undefined
          ? { type: 'AccessDeniedException', message: 'not authorized to perform dynamodb:Query' }
          : undefined,
      );
      await stack.minutes(5);
    },
    async mend(stack) {
      stack.interfere();
      await stack.minutes(5);
    },
  },
  'Dead letters': {
    when: 'a worker receives a message as often as the queue allows, and never finishes with it',
    async drive(stack) {
      await pendingTask(stack);
      await stack.minutes(1);
      for (let receives = 0; receives < 5; receives++) await stack.receiveInVain();
      await stack.minutes(1);
      expect(stack.stateOf(alarmOf('Dead letters'))).toBe('OK');
      await stack.receiveInVain();
      await stack.minutes(1);
    },
    async mend(stack) {
      await stack.purgeDeadLetters();
      await stack.minutes(5);
    },
  },
};

const alarmOf = (heading: string): MetricAlarm => {
  const alarm = alarms.find((one) => headingOf(one) === heading);
  if (!alarm) throw new Error(`no alarm ${heading}`);
  return alarm;
};

describe('the alarms', () => {
  let stack: WatchedDeployment;
  beforeAll(async () => {
    stack = await watchedDeployment(CONTEXT);
  }, 120_000);
  afterAll(() => stack.close());

  it('have a state here each that they go off in', () => {
    expect(Object.keys(DRIVES).sort()).toEqual(alarms.map(headingOf).sort());
  });

  describe.each(Object.entries(DRIVES))('%s', (heading, { when, drive, mend }) => {
    const alarm = alarmOf(heading);

    beforeEach(async () => {
      await restoresOfAnHour(stack);
      await (alarm.Period >= 3_600 ? stack.minutes(24 * 60, 30) : stack.minutes(30));
    }, 60_000);
    afterEach(() => removeEverything(stack));

    it(`is OK while restores get done, goes off when ${when}, and is OK again once that is mended`, {
      timeout: 120_000,
    }, async () => {
      expect(stack.stateOf(alarm)).toBe('OK');
      await drive(stack);
      expect(stack.stateOf(alarm)).toBe('ALARM');
      await mend(stack);
      expect(stack.stateOf(alarm)).toBe('OK');
    });
  });
});

/** One restore that is published, one that fails, and a task that is to be sent. */
async function restoresOfAnHour(stack: WatchedDeployment): Promise<void> {
  const isDue = (row: Row): Row => (row.table === 'segments' ? row : dueNow(row, stack));
  await stack.world.has(
    copied(1, 2, 101n).map((row) => (row.table === 'jobs' ? isDue(row) : row)),
    isDue(job({ jobId: 102n, state: 'Failed', completedAt: stack.now() })),
    task({ jobId: 102n, state: 'Completed', targets: [1021n] }),
    segment(1021n, 'Flushed', { jobId: 102n }),
    job({ jobId: 103n }),
    isDue(task({ jobId: 103n })),
  );
}

async function removeEverything({ world, purgeDeadLetters }: WatchedDeployment): Promise<void> {
  const { jobs, tasks, segments } = await world.items();
  const remove = (table: TableKind, keys: readonly Record<string, unknown>[]) =>
    Promise.all(keys.map((key) => world.remove(table, key)));
  await remove(
    'jobs',
    jobs.map(({ jobId }) => ({ jobId })),
  );
  await remove(
    'tasks',
    tasks.map(({ jobId, taskId }) => ({ jobId, taskId })),
  );
  await remove(
    'segments',
    segments.map(({ segmentId }) => ({ segmentId })),
  );
  await world.messages();
  await purgeDeadLetters();
}

describe('an alarm is evaluated as CloudWatch evaluates it', () => {
  const THRESHOLD = { Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' };
  const state = (points: string, found: number, of: number, TreatMissingData: string) =>
    alarmState(
      { ...THRESHOLD, DatapointsToAlarm: found, EvaluationPeriods: of, TreatMissingData },
      [...points].map((point) => (point === '-' ? undefined : point === 'X' ? 1 : 0)),
    );

  // Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
  it.each([
    ['0-X-X', 'OK', 'OK'],
    ['0----', 'OK', 'OK'],
    ['-----', 'ALARM', 'OK'],
    ['0XX-X', 'ALARM', 'ALARM'],
    ['--X--', 'ALARM', 'OK'],
  ])(
    'three of three of %s: missing data breaching %s, not breaching %s',
    (points, breaching, notBreaching) => {
      expect(state(points, 3, 3, 'breaching')).toBe(breaching);
      expect(state(points, 3, 3, 'notBreaching')).toBe(notBreaching);
    },
  );

  it.each([
    ['0-X-X', 'ALARM', 'ALARM'],
    ['00X0X', 'ALARM', 'ALARM'],
    ['0-X--', 'ALARM', 'OK'],
    ['----0', 'ALARM', 'OK'],
    ['---X-', 'ALARM', 'OK'],
  ])('two of three of %s: missing data breaching %s, not breaching %s', (points, breaching, notBreaching) => {
    expect(state(points, 2, 3, 'breaching')).toBe(breaching);
    expect(state(points, 2, 3, 'notBreaching')).toBe(notBreaching);
  });

  it('is refused for what no alarm of the stack has', () => {
    expect(() => state('0', 1, 1, 'missing')).toThrow('missing is not evaluated yet');
  });
});
