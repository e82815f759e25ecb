import { describe, expect, it } from 'vitest';
import { hasService } from '../cli/connection/has-service.ts';
import { ALARM_HEADINGS } from '../functions/pass/alarm-headings.ts';
import { HOUR, MINUTE, NOW } from './support/builders.ts';
import { CHECK, type Deployment, deployed, line, PASS, STACK, urlOf } from './support/deployed-stack.ts';

const PREFIX = `${STACK}: `;

describe('status --stack', () => {
  it('of a deployment that does well has read everything there is, and ends with 0', async () => {
    const { json } = await deployed({
      cloudWatch: {
        alarms: ALARM_HEADINGS.map((name) => ({ AlarmName: PREFIX + name, StateValue: 'OK' })),
      },
    });
    expect(await json()).toMatchObject({
      code: 0,
      of: `stack ${STACK}`,
      healthy: true,
      notRead: [],
      environment: {
        queue: { kind: 'read' },
        inspectorSchedule: { isOn: true, rate: 'rate(1 minute)' },
        checkerSchedule: { isOn: true },
      },
      signals: {
        traffic: { received: 0, deleted: 0 },
        alarms: { on: [], of: ALARM_HEADINGS.length, withoutData: 0 },
        lastPass: { kind: 'complete', at: NOW - 40_000, problems: 0 },
        lastCheck: { kind: 'complete', at: NOW - 30_000, problems: 0 },
        failedPasses: 0,
        failedChecks: 0,
      },
    });
  });

  it('is a screen of 80 columns, whatever is wrong', async () => {
    const paused = {
      State: 'DISABLED',
      Description: `paused by ${'ann '.repeat(15)}at noon: ${'why '.repeat(50)}`,
    };
    const { text } = await deployed({
      cloudWatch: {
        data: [{ queue: 'tasks', metric: 'NumberOfMessagesReceived', at: NOW - MINUTE, value: 123_456_789 }],
        alarms: ALARM_HEADINGS.map((name) => ({
          AlarmName: PREFIX + name,
          StateValue: 'ALARM',
          since: NOW - HOUR,
        })),
      },
      lines: [line('inspection pass failed', MINUTE, { problemsOmitted: 10_000_000 })],
      schedules: { passes: paused, checks: paused },
    });
    const lines = (await text(80)).split('\n');
    expect(lines.filter((shown) => shown.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThan(40);
  });

  it('of a stack without a checker says so, and asks for nothing of it', async () => {
    const { json, text } = await deployed({ isWithoutChecker: true });
    expect(await json()).toMatchObject({ code: 0, notRead: [] });
    expect(await text()).toMatch(/^passes {4}inspector on, rate\(1 minute\), checker not deployed$/m);
  });
});

describe('the traffic of the queue', () => {
  it('is what went through in the last 15 minutes, wherever the clock stands', async () => {
    const every = (metric: string, minutes: readonly number[], value: number, queue = 'tasks') =>
      minutes.map((ago) => ({ queue, metric, at: NOW - ago * MINUTE, value }));
    const { json, text } = await deployed({
      cloudWatch: {
        data: [
          // NOW is 50 seconds past a quarter of an hour.
          ...every('NumberOfMessagesReceived', [1, 7, 14], 10),
          ...every('NumberOfMessagesReceived', [17, 40], 1_000),
          ...every('NumberOfMessagesReceived', [1], 5_000, 'another'),
          ...every('NumberOfMessagesDeleted', [2, 13], 4),
          ...every('ApproximateAgeOfOldestMessage', [10], 3_600),
          ...every('ApproximateAgeOfOldestMessage', [2], 150),
        ],
      },
    });
    expect((await json()).signals).toMatchObject({
      traffic: { received: 30, deleted: 8 },
      oldestMessageS: 150,
    });
    expect((await text()).replace(/\s+/g, ' ')).toContain(
      '; in 15 min 30 received, 8 deleted, the oldest 2 min old alarms',
    );
  });

  it('is not taken for none when CloudWatch keeps it to itself', async () => {
    const { json } = await deployed({ cloudWatch: { forbidden: true } });
    const { notRead, signals } = await json();
    expect(notRead).toEqual([
      'traffic of the queue (Error: CloudWatch did not answer for received: Forbidden)',
    ]);
    expect(signals).not.toHaveProperty('traffic');
  });
});

describe('the queues', () => {
  it.each([
    [
      'dead letters',
      { 'dead-tasks': 3 },
      'there are dead letters',
      /^queue {5}2 messages waiting, 0 in flight, 3 dead letters/m,
    ],
    [
      'failed invocations',
      { 'failed-passes': 1, 'failed-checks': 2 },
      'invocations failed',
      /^failed {4}1 pass, 2 checks /m,
    ],
  ])('end with 1 when there are %s', async (_, messages, ailment, said) => {
    const queues = { tasks: 2, 'dead-tasks': 0, 'failed-passes': 0, 'failed-checks': 0, ...messages };
    const { json, text } = await deployed({ queues });
    expect(await json()).toMatchObject({ code: 1, ailments: [ailment] });
    expect(await text()).toMatch(said);
  });
});

describe('the alarms', () => {
  it('that are on come in the order to look at them, of all pages, and end with 1', async () => {
    const { json, text } = await deployed({
      cloudWatch: {
        alarms: [
          { AlarmName: `${PREFIX}Dead letters`, StateValue: 'ALARM', since: NOW - 3 * MINUTE },
          { AlarmName: `${PREFIX}Checks fail`, StateValue: 'OK' },
          { AlarmName: `${PREFIX}Work is overdue`, StateValue: 'ALARM', since: NOW - HOUR },
          { AlarmName: `${PREFIX}Night shift`, StateValue: 'ALARM', isComposite: true },
          { AlarmName: `${PREFIX}No passes`, StateValue: 'ALARM', since: NOW - 12 * MINUTE },
        ],
      },
    });
    const { code, ailments, signals } = await json();
    expect(signals.alarms).toEqual({
      on: [
        { heading: 'No passes', since: NOW - 12 * MINUTE },
        { heading: 'Work is overdue', since: NOW - HOUR },
        { heading: 'Dead letters', since: NOW - 3 * MINUTE },
        { heading: 'Night shift' },
      ],
      of: 5,
      withoutData: 0,
    });
    expect(ailments).toEqual(['alarms are on (RUNBOOK.md says what to do)']);
    expect(code).toBe(1);
    expect((await text()).replace(/\s+/g, ' ')).toContain(
      'alarms 4 of 5 on: No passes (12 min), Work is overdue (1 h), Dead letters (3 min), Night shift failed',
    );
  });

  it('of another stack are not looked at, even if its name begins alike', async () => {
    const { json } = await deployed({
      cloudWatch: {
        alarms: [
          { AlarmName: `${STACK}Staging: No passes`, StateValue: 'ALARM' },
          { AlarmName: `${PREFIX}No passes`, StateValue: 'OK' },
        ],
      },
    });
    expect(await json()).toMatchObject({ code: 0, signals: { alarms: { on: [], of: 1 } } });
  });

  it('without data are counted, and nothing is wrong with them', async () => {
    const { json, text } = await deployed({
      cloudWatch: {
        alarms: [
          { AlarmName: `${PREFIX}No passes`, StateValue: 'OK' },
          { AlarmName: `${PREFIX}Dead letters`, StateValue: 'INSUFFICIENT_DATA' },
        ],
      },
    });
    expect(await json()).toMatchObject({ code: 0, signals: { alarms: { on: [], of: 2, withoutData: 1 } } });
    expect(await text()).toMatch(/^alarms {4}none of 2 is on, 1 without data$/m);
  });
});

describe('the last pass', () => {
  it.each([
    ['complete', [PASS], 0, 'pass 2026-11-22T12:15:10Z, 40 s ago: complete, 0 problems'],
    [
      'not complete: the next one continues',
      [line('inspection pass', 40_000, { complete: false, problems: [{}, {}], problemsOmitted: 40 })],
      0,
      'pass 2026-11-22T12:15:10Z, 40 s ago: not complete, 42 problems',
    ],
    [
      'failed',
      [line('inspection pass', 2 * MINUTE), line('inspection pass failed', 40_000, { complete: false })],
      1,
      'pass 2026-11-22T12:15:10Z, 40 s ago: failed, 0 problems',
    ],
    [
      'a recovery',
      [line('inspection pass', 40_000, { mode: 'recover' }), line('inspection pass', 2 * MINUTE)],
      0,
      'recovery 2026-11-22T12:15:10Z, 40 s ago: complete, 0 problems',
    ],
    [
      'not a dry run, which changes nothing',
      [line('inspection pass', 5 * MINUTE), line('inspection pass', 40_000, { dryRun: true })],
      0,
      'pass 2026-11-22T12:10:50Z, 5 min ago: complete, 0 problems',
    ],
    ['none at all', [], 1, 'no pass in 15 min'],
    ['none of late', [line('inspection pass', 20 * MINUTE)], 1, 'no pass in 15 min'],
  ])('is %s', async (_, lines, code, text) => {
    const deployment = await deployed({ lines: [...lines, CHECK] });
    expect((await deployment.json()).code).toBe(code);
    expect(await deployment.text()).toContain(`\nlast      ${text}\n          check 2026`);
  });

  it('of the checker is one of its own', async () => {
    const { json } = await deployed({ lines: [PASS, line('check failed', MINUTE)] });
    const { code, ailments } = await json();
    expect(ailments).toEqual(['the last check failed']);
    expect(code).toBe(1);
  });

  it.each([
    ['has just been switched on', { LastModificationDate: NOW / 1_000 - 60 }],
    ['is a rare one', { ScheduleExpression: 'rate(30 minutes)' }],
  ])('is not missed while the schedule %s', async (_, schedule) => {
    const { json } = await deployed({ lines: [CHECK], schedules: { passes: schedule, checks: {} } });
    expect(await json()).toMatchObject({ code: 0, signals: { lastPass: { kind: 'none' } } });
  });

  it('of a schedule that is rare is looked for as far back as it may be', async () => {
    const { json } = await deployed({
      lines: [line('inspection pass', 50 * MINUTE), CHECK],
      schedules: { passes: { ScheduleExpression: 'rate(30 minutes)' }, checks: {} },
    });
    expect((await json()).signals.lastPass).toMatchObject({ kind: 'complete', at: NOW - 50 * MINUTE });
  });
});

describe('a schedule', () => {
  it('that is paused ends with 1, and names who, when and why', async () => {
    const Description = 'paused by ann at 2026-11-22T03:00:00Z: too many drops | One inspection pass';
    const { json, text } = await deployed({
      schedules: { passes: { State: 'DISABLED', Description }, checks: {} },
    });
    const { code, ailments, environment } = await json();
    expect(environment.inspectorSchedule).toMatchObject({
      isOn: false,
      description: 'paused by ann at 2026-11-22T03:00:00Z: too many drops',
    });
    expect(ailments).toEqual(['a schedule is paused']);
    expect(code).toBe(1);
    expect((await text()).replace(/\s+/g, ' ')).toContain(
      'inspector paused (paused by ann at 2026-11-22T03:00:00Z: too many drops), checker on',
    );
  });

  it('that is gone ends with 1', async () => {
    const { json } = await deployed({ schedules: { passes: {} } });
    const { code, ailments } = await json();
    expect(ailments).toEqual(['a schedule does not exist']);
    expect(code).toBe(1);
  });
});

describe('a signal that is refused', () => {
  it.each<[string, Deployment, RegExp]>([
    ['alarms', { cloudWatch: { refused: ['DescribeAlarms'] } }, /^alarms \(AccessDenied.*DescribeAlarms\)$/],
    [
      'metrics',
      { cloudWatch: { refused: ['GetMetricData'] } },
      /^traffic of the queue \(AccessDenied.*GetMetricData\)$/,
    ],
    ['a schedule', { refusedSchedules: ['passes'] }, /^the schedule of the inspector \(AccessDenied.*\)$/],
    [
      'failed invocations',
      { outputs: { FailedPassesUrl: urlOf('closed') } },
      /^failed passes \(AccessDenied.*\)$/,
    ],
    ['the queue', { outputs: { QueueUrl: urlOf('closed') } }, /^the queue \(AccessDenied.*\)$/],
    [
      'the dead letters',
      { queues: { tasks: 2, 'failed-passes': 0, 'failed-checks': 0 } },
      /^the dead letters \(AccessDenied.*\)$/,
    ],
    ['a log', { outputs: { LogGroupName: 'closed' } }, /^the last pass \(ResourceNotFound.*\)$/],
  ])('is said, and does not stop the rest: %s', async (_, deployment, said) => {
    const { json, text } = await deployed(deployment);
    const { code, notRead, healthy, signals, jobs } = await json();
    expect(notRead).toEqual([expect.stringMatching(said)]);
    expect({ code, healthy }).toEqual({ code: 0, healthy: true });
    expect(signals.lastCheck).toMatchObject({ kind: 'complete' });
    expect(jobs).toHaveLength(1);
    expect((await text()).replace(/\s+/g, ' ')).toContain(' not read ');
  });
});

describe('CloudWatch', () => {
  const [stack, tables] = [{ isEmbedded: false, alarmNamePrefix: PREFIX }, { isEmbedded: false }];
  const emulator = 'http://127.0.0.1:4566';

  it.each([
    ['AWS itself', tables, {}, true],
    ['an emulator of everything, where there is a stack', stack, { AWS_ENDPOINT_URL: emulator }, true],
    ['an emulator of who knows what', tables, { AWS_ENDPOINT_URL: emulator }, false],
    ['an emulator of tables', stack, { AWS_ENDPOINT_URL_DYNAMODB: emulator }, false],
    ['an emulator of queues', stack, { AWS_ENDPOINT_URL_SQS: emulator }, false],
    [
      'an emulator of tables, and one of CloudWatch',
      tables,
      { AWS_ENDPOINT_URL_DYNAMODB: emulator, AWS_ENDPOINT_URL_CLOUDWATCH: emulator },
      true,
    ],
    ['the engines of --embedded', { isEmbedded: true }, {}, false],
  ])('is asked, or not, of %s', (_, connection, env, isAsked) => {
    expect(hasService(connection, 'CLOUDWATCH', env)).toBe(isAsked);
  });
});
