import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { pausedDescription } from '../cli/schedule/pause-note.ts';
import { job, leased, MINUTE, NOW, task } from './support/builders.ts';
import { commandOn } from './support/command-in-process.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { lambdaStub, type Mapping } from './support/lambda-stub.ts';
import { schedulerStub } from './support/scheduler-stub.ts';

const NAMED = ['--schedule', 'passes', '--checker-schedule', 'checks'];
const PASSES = { Description: 'One inspection pass', ScheduleExpressionTimezone: 'UTC' };
const NOTE = 'paused by ada at 2026-11-22T12:15:50Z: restore of the tables';

let stub: Awaited<ReturnType<typeof schedulerStub>> | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

/** A world whose schedules are these. */
async function scheduled(schedules: Parameters<typeof schedulerStub>[0]) {
  stub = await schedulerStub(schedules);
  const world = await embeddedWorld();
  const run = (...args: readonly string[]) => commandOn(world, [...args, ...NAMED]);
  return { ...stub, world, run };
}

const pause = ['pause', '--who', 'ada', '--reason', 'restore of the tables'];

describe('copy-segment pause', () => {
  it('switches both schedules off, and notes who, when and why', async () => {
    const { run, schedules } = await scheduled({ passes: PASSES, checks: {} });
    const { code, stdout } = await run(...pause);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'schedule passes, of the inspector',
        '  state        on → off',
        `  description  One inspection pass → ${NOTE} | One inspection pass`,
        'schedule checks, of the checker',
        '  state        on → off',
        `  description  none → ${NOTE}`,
        'No passes are made until copy-segment resume: nothing is sent, released or dropped, and no job is published. Workers end what they hold.',
        '',
      ].join('\n'),
    });
    expect([schedules.passes?.State, schedules.checks?.State]).toEqual(['DISABLED', 'DISABLED']);
  });

  it('keeps the rest of a schedule: an update replaces it whole', async () => {
    const { run, schedules } = await scheduled({ passes: PASSES, checks: {} });
    const before = structuredClone(schedules.passes);
    await run(...pause);
    await run('resume');
    expect(schedules.passes).toEqual(before);
  });

  it('of one that is paused changes nothing, and says who paused it', async () => {
    const { run, schedules } = await scheduled({ passes: {}, checks: {} });
    await run(...pause);
    const before = structuredClone(schedules);
    const { code, stdout } = await run('pause', '--who', 'ben', '--reason', 'x');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `The schedule of the inspector is paused already: ${NOTE}\nThe schedule of the checker is paused already: ${NOTE}\n`,
    });
    expect(schedules).toEqual(before);
  });

  it('switches off the streams that wake the functions as well, and resume switches them on', async () => {
    const arn = (what: string) => `arn:aws:${what}`;
    const stream = arn('dynamodb:us-east-1:123456789012:table/my-tasks/stream/2026-11-22T12:00:00.000');
    const mappings: Mapping[] = [
      { UUID: 'a', FunctionName: 'inspector', EventSourceArn: stream, State: 'Enabled' },
      { UUID: 'b', FunctionName: 'inspector', EventSourceArn: stream, State: 'Enabled' },
      { UUID: 'c', FunctionName: 'checker', EventSourceArn: stream, State: 'Enabled' },
      {
        UUID: 'd',
        FunctionName: 'inspector',
        EventSourceArn: arn('sqs:us-east-1:123456789012:q'),
        State: 'Enabled',
      },
      { UUID: 'e', FunctionName: 'another', EventSourceArn: stream, State: 'Enabled' },
    ];
    const lambda = await lambdaStub(mappings);
    onTestFinished(() => lambda.close());
    const { run } = await scheduled({ passes: {}, checks: {} });
    const functions = ['--inspector-function', 'inspector', '--checker-function', 'checker'];
    const { code, stdout } = await run(...pause, ...functions);
    expect(code).toBe(0);
    expect(stdout).toContain('2 of the streams that wake the inspector switched off\n');
    expect(stdout).toContain('1 of the streams that wake the checker switched off\n');
    const states = () => mappings.map(({ State }) => State);
    expect(states()).toEqual(['Disabling', 'Disabling', 'Disabling', 'Enabled', 'Enabled']);

    await run('resume', ...functions, '--only', 'checker');
    expect(states()).toEqual(['Disabling', 'Disabling', 'Enabling', 'Enabled', 'Enabled']);
    // The schedule is paused already; its streams, which somebody switched on by hand, are switched off again.
    await run('resume', ...functions, '--only', 'inspector');
    await run(...pause, ...functions, '--only', 'inspector');
    for (const mapping of mappings.slice(0, 2)) mapping.State = 'Enabled';
    const again = await run(...pause, ...functions, '--only', 'inspector');
    expect(again.stdout).toContain('is paused already');
    expect(states().slice(0, 2)).toEqual(['Disabling', 'Disabling']);
  });

  it('takes one of the two', async () => {
    const { run, schedules } = await scheduled({ passes: {}, checks: {} });
    await run(...pause, '--only', 'inspector');
    expect([schedules.passes?.State, schedules.checks?.State]).toEqual(['DISABLED', 'ENABLED']);
  });

  it('is shown by status, without what the schedule is for', async () => {
    const { run, world } = await scheduled({ passes: PASSES, checks: PASSES });
    await world.has(job());
    await run(...pause);
    const { code, stdout } = await run('status');
    expect(code).toBe(1);
    expect(stdout.replace(/\s+/g, ' ')).toContain(`paused (${NOTE})`);
    expect(stdout).not.toContain('One inspection pass');
  });

  it('is told to whoever counts on the next pass', async () => {
    const { run, world } = await scheduled({ passes: PASSES, checks: {} });
    await world.has(job(), task(leased));
    await run(...pause);
    const { stdout } = await run('release', '1/1', '--yes');
    expect(stdout).toContain(
      `The next inspection enqueues it, within a minute. But the schedule of the inspector is off (${NOTE}): nothing happens until copy-segment resume.\n`,
    );
    expect((await run('inspect', '--local')).stdout).toContain(
      `The schedule of the inspector is off (${NOTE}): nothing happens until copy-segment resume.\n`,
    );
  });

  it.each([
    ['as its schedule says', { passes: { ScheduleExpression: 'rate(5 minutes)' } }, 'within 5 minutes.'],
    ['every minute', { passes: { ScheduleExpression: 'rate(1 minutes)' } }, 'within a minute.'],
    ['never', {}, 'The schedule passes does not exist: deploy the stack again, or no inspection is made.'],
  ])('a pass by hand says that the next one is made %s', async (_, schedules, said) => {
    const { run } = await scheduled(schedules);
    expect((await run('inspect', '--local')).stdout).toContain(`${said}\n`);
    expect((await run('recover', '--local')).stdout).toContain(`${said}\n`);
  });

  it('needs a reason, and a schedule', async () => {
    const { world, run } = await scheduled({});
    expect((await run('pause')).code).toBe(2);
    expect(await commandOn(world, ['pause', '--reason', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Which schedule\?/),
    });
  });

  it('exits with 3 where there is no such schedule', async () => {
    const { run } = await scheduled({});
    expect(await run(...pause)).toMatchObject({ code: 3, stderr: expect.stringContaining('passes') });
  });
});

describe('copy-segment resume', () => {
  it('switches the schedules on, and gives them back what they were for', async () => {
    const { run, schedules } = await scheduled({ passes: PASSES, checks: {} });
    await run(...pause);
    const { code, stdout } = await run('resume', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).schedules).toMatchObject([
      {
        of: 'inspector',
        name: 'passes',
        wasOn: false,
        after: { State: 'ENABLED', Description: 'One inspection pass' },
      },
      { of: 'checker', name: 'checks', wasOn: false, after: { State: 'ENABLED', Description: '' } },
    ]);
    expect(schedules.passes).toMatchObject({ State: 'ENABLED', Description: 'One inspection pass' });
  });

  it('of one that is on changes nothing', async () => {
    const { run } = await scheduled({ passes: {}, checks: {} });
    expect(await run('resume')).toMatchObject({
      code: 0,
      stdout: 'The schedule of the inspector is on already.\nThe schedule of the checker is on already.\n',
    });
  });
});

describe('the description of a paused schedule', () => {
  it('is one line that EventBridge Scheduler takes, however long a reason is', () => {
    const by = { who: 'ada', reason: 'line\n| '.repeat(500), now: NOW + MINUTE };
    const description = pausedDescription(by, 'x'.repeat(500));
    expect(description.length).toBeLessThanOrEqual(512);
    expect(description).not.toContain('\n');
    expect(description.split(' | ')).toHaveLength(2);
  });
});
