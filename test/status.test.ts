import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { done, submitted } from './support/checker-world.ts';
import { commandLine, commandOn, optionsOf } from './support/command-in-process.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { endpointInBetween } from './support/endpoint-in-between.ts';
import { schedulerStub } from './support/scheduler-stub.ts';

async function statusOf(world: World, ...args: readonly string[]) {
  const { code, stdout } = await commandOn(world, ['status', ...args, '--json']);
  return { code, ...JSON.parse(stdout) };
}

/** A job with a task in each state, nothing of it late. */
const healthy = () => [
  submitted(4, 4, { dueAt: NOW + HOUR, completedTasks: 1, completedSegments: 1 }),
  done(1n, [11n]),
  task({ taskId: 2n, ...leased, targets: [12n] }),
  task({ taskId: 3n, enqueueCount: 1, dueAt: NOW + MINUTE, targets: [13n] }),
  task({ taskId: 4n, targets: [14n] }),
  ...[11n, 12n, 13n, 14n].map((id) => segment(id)),
];

describe('status', () => {
  it('ends with 0 for what is healthy, and counts what is pending, held and done', async () => {
    const world = await embeddedWorld();
    await world.has(healthy());
    expect(await statusOf(world)).toMatchObject({
      code: 0,
      healthy: true,
      due: { tasks: 1, jobs: 0, oldest: NOW - MINUTE },
      pending: { neverSent: 1, inQueue: 1, overdue: 0 },
      nodes: { 'datanode-1': 1 },
      jobsByState: { Executing: 1 },
      jobs: [{ jobId: '1', state: 'Executing', tasks: { done: 1, of: 4 }, segments: { done: 1, of: 4 } }],
    });
  });

  it('an empty deployment is healthy', async () => {
    expect(await statusOf(await embeddedWorld())).toMatchObject({ code: 0, healthy: true, jobs: [] });
  });

  it.each([
    [
      'what is due has not been looked at for minutes',
      [job(), task({ dueAt: NOW - 10 * MINUTE })],
      /passes do not do what is due/,
    ],
    ['a task has no lease', [job(), task({ taskId: 2n, state: 'InProgress', dueAt: NOW + MINUTE })], /stuck/],
    ['a task has no job', [task()], /stuck/],
    ['a marker of a job is missing', [submitted(1, 1, { dueAt: null })], /stuck/],
    ['a marker of a task is in nanoseconds', [job(), task({ dueAt: BigInt(NOW) * 1_000_000n })], /stuck/],
  ])('ends with 1 when %s', async (_, rows, ailment) => {
    const world = await embeddedWorld();
    await world.has(rows);
    const { code, ailments } = await statusOf(world);
    expect(ailments.join()).toMatch(ailment);
    expect(code).toBe(1);
  });

  it.each([
    [
      'a task has no marker',
      [
        submitted(2, 2, { dueAt: NOW + HOUR }),
        done(1n, [11n]),
        task({ taskId: 2n, dueAt: null, targets: [12n] }),
      ],
      'missingMarker',
    ],
    [
      'a task without a lease is out of the index',
      [job(), task({ state: 'InProgress', dueAt: null, targets: [11n] })],
      'noLease',
    ],
    [
      'a task is in a shard that no pass asks',
      [submitted(1, 1, { dueAt: NOW + HOUR }), task({ dueShard: 9n, targets: [11n] })],
      'wrongShard',
    ],
  ])('looks closer where the index does not show what is unfinished: %s', async (_, rows, kind) => {
    const world = await embeddedWorld();
    await world.has(rows, ...[11n, 12n].map((id) => segment(id)));
    const { code, jobs } = await statusOf(world);
    expect(jobs).toMatchObject([{ worst: { condition: { kind }, count: 1 } }]);
    expect(code).toBe(1);
  });

  it('looks closer at a submit that was not finished, and a publication that was cut short', async () => {
    const world = await embeddedWorld();
    await world.has(
      submitted(2, 2, { state: 'Pending', createdAt: NOW - HOUR, dueAt: NOW + HOUR }),
      task({ targets: [11n], createdAt: NOW - HOUR, enqueueCount: 1, dueAt: NOW + MINUTE }),
      submitted(1, 1, { jobId: 2n, state: 'Publishing', dueAt: NOW - 20 * MINUTE }),
      done(1n, [21n], { jobId: 2n }),
    );
    const { code, jobs } = await statusOf(world);
    expect(jobs).toMatchObject([
      { jobId: '1', condition: { kind: 'unfinishedSubmit' }, tasks: { done: 0, of: 2 } },
      { jobId: '2', condition: { kind: 'publicationCutShort' }, tasks: { done: 1, of: 1 } },
    ]);
    expect(code).toBe(1);
  });

  it('shows what is late before what is well, however many jobs are well', async () => {
    const world = await embeddedWorld();
    await world.has(
      Array.from({ length: 12 }, (_, n) => job({ jobId: BigInt(n + 1) })),
      Array.from({ length: 12 }, (_, n) => task({ jobId: BigInt(n + 1), ...leased })),
      job({ jobId: 599n }),
      task({ jobId: 599n, ...expired, dueAt: NOW - HOUR }),
    );
    const { stdout } = await commandOn(world, ['status'], { width: 80 });
    expect(stdout).toMatch(/^JOB.*\n599 .* 1 lease lost$/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain('Why: copy-segment explain 599');
  });

  it('ends with 1 when a schedule is paused, and says by whom', async () => {
    const world = await embeddedWorld();
    const scheduler = await schedulerStub({ passes: { State: 'DISABLED', Description: 'paused by ann' } });
    onTestFinished(scheduler.close);
    const { code, stdout } = await commandOn(world, ['status', '--schedule', 'passes']);
    expect(stdout).toMatch(/^passes {4}inspector paused \(paused by ann\)/);
    expect(code).toBe(1);
  });

  it('ends with 1 when the queue does not exist', async () => {
    const world = await embeddedWorld();
    const options = [...optionsOf({ ...world, queueUrl: `${world.queueUrl}-gone` })];
    const { code, stdout } = await commandLine(['status', ...options], { now: () => NOW });
    expect(stdout).toMatch(/^queue {5}it does not exist$/m);
    expect(code).toBe(1);
  });

  it('of a job whose tasks are as badly off as each other is the same, whatever shard answers first', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      ...[1n, 2n, 3n].map((taskId) => task({ taskId, state: 'Failed', targets: [taskId] })),
      ...[4n, 5n, 6n, 7n, 8n].map((taskId) => task({ taskId })),
      ...[9n, 10n].map((taskId) => task({ taskId, ...expired })),
    );
    const slowShard = async (shard: number) => {
      const dynamo = await endpointInBetween(inject('dynamoEndpoint'), async ({ operation, input }) => {
        const isSlow = operation === 'Query' && JSON.stringify(input).includes(`{"N":"${shard}"}`);
        if (isSlow) await wait(50);
        return undefined;
      });
      onTestFinished(dynamo.close);
      const { stdout } = await commandOn(world, ['status', '--json'], { dynamoEndpoint: dynamo.endpoint });
      return JSON.parse(stdout).jobs[0].worst;
    };
    const worst = await Promise.all([0, 1, 2, 3].map(slowShard));
    expect(worst).toEqual(Array(4).fill(worst[0]));
    expect(worst[0]).toMatchObject({ condition: { kind: 'leaseLost' }, count: 2 });
  });

  it('of a job that was just cancelled is that it is being dropped: nothing is stuck', async () => {
    const world = await embeddedWorld();
    await world.has(submitted(2, 2, { dueAt: NOW + HOUR }), ...[11n, 12n].map((id) => segment(id)));
    await world.has(task({ taskId: 1n, targets: [11n] }), task({ taskId: 2n, ...leased, targets: [12n] }));
    await world.pass();
    await commandOn(world, ['cancel', '1', '--yes']);
    expect(await statusOf(world)).toMatchObject({
      code: 0,
      jobs: [
        {
          state: 'Failed',
          condition: { kind: 'dropping' },
          worst: { condition: { kind: 'droppedWithJob' } },
        },
      ],
    });
    expect(await statusOf(world, '1')).toMatchObject({ code: 0 });
    await world.pass();
    expect(await statusOf(world)).toMatchObject({ code: 0, due: { tasks: 0, jobs: 0 } });
  });

  it('takes no job for missing that it could not read', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Completed' }), task(leased));
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      operation === 'BatchGetItem' ? { type: 'AccessDeniedException', message: 'not yours' } : undefined,
    );
    onTestFinished(dynamo.close);
    const { code, stdout } = await commandOn(world, ['status', '--json'], {
      dynamoEndpoint: dynamo.endpoint,
    });
    const { jobs, nodes, notRead } = JSON.parse(stdout);
    expect(notRead.slice(-2)).toEqual([
      '1 job of tasks in the index (AccessDeniedException: not yours)',
      'the holders of 1 more leases',
    ]);
    expect({ code, jobs, nodes }).toEqual({ code: 0, jobs: [], nodes: {} });
  });

  it('names the worst about each job, how many tasks share it, and whom to ask', async () => {
    const world = await embeddedWorld();
    await world.has(
      job(),
      ...[1n, 2n, 3n].map((taskId) => task({ taskId, ...expired })),
      task({ taskId: 4n, ...leased }),
    );
    world.clock.now = NOW + 5 * MINUTE;
    const { stdout } = await commandOn(world, ['status']);
    expect(stdout).toMatch(/^1 {4}Executing .* 3 lease lost$/m);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/Not healthy: .*copy-segment explain 1 --jobs-table/);
  });

  it('of one job is what its tasks are in, whatever its counters say', async () => {
    const world = await embeddedWorld();
    await world.has(healthy());
    await world.put('jobs', { ...(await world.job()), completedTasks: 4n, completedSegments: 4n });
    expect(await statusOf(world, '1')).toMatchObject({
      code: 0,
      kind: 'neverSent',
      tasks: { total: 4, byState: { Completed: 1, InProgress: 1, Pending: 2 } },
      segments: { done: 1, total: 4 },
    });
  });

  it('says what cannot be reached instead of guessing it', async () => {
    const { notRead, signals } = await statusOf(await embeddedWorld());
    expect(notRead).toEqual([
      'schedules (no --schedule)',
      'traffic of the queue (no CloudWatch here)',
      'alarms (no CloudWatch here)',
      'the last pass (no log here)',
    ]);
    expect(signals).toEqual({});
  });

  it('--watch looks again until it is stopped, and shows each look in place', async () => {
    const world = await embeddedWorld();
    await world.has(healthy());
    const stop = new AbortController();
    const waits: number[] = [];
    const { code, stdout } = await commandOn(world, ['status', '--watch', '7'], {
      signal: stop.signal,
      sleep(ms) {
        if (waits.push(ms) === 3) stop.abort();
      },
      width: 80,
    });
    expect(stdout.split('\u001b[H\u001b[2J')).toHaveLength(1 + 3);
    expect(waits).toEqual([7_000, 7_000, 7_000]);
    expect(code).toBe(0);
  });

  it.each([
    ['goes on after a look that AWS did not answer, and says so', 'ThrottlingException', 0, 3],
    ['ends with 3 once it may no longer look', 'AccessDeniedException', 3, 1],
  ])('--watch %s', async (_, type, code, looks) => {
    // The SDK's own retries wait for real.
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const world = await embeddedWorld();
    await world.has(healthy());
    let waits = 0;
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      waits === 1 && operation === 'Scan' ? { type, message: 'not now' } : undefined,
    );
    onTestFinished(dynamo.close);
    const stop = new AbortController();
    const ended = await commandOn(world, ['status', '--watch'], {
      dynamoEndpoint: dynamo.endpoint,
      signal: stop.signal,
      sleep() {
        if (++waits === 3) stop.abort();
      },
    });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(`${type}: not now`);
    expect(ended.stdout.match(/^Healthy\.$/gm)).toHaveLength(looks);
  });

  it('--watch ends with what it saw last when Ctrl-C comes in the middle of a look', async () => {
    const world = await embeddedWorld();
    await world.has(healthy());
    const stop = new AbortController();
    let waits = 0;
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) => {
      if (waits === 1 && operation === 'Scan') stop.abort();
      return undefined;
    });
    onTestFinished(dynamo.close);
    const { code, stdout } = await commandOn(world, ['status', '--watch'], {
      dynamoEndpoint: dynamo.endpoint,
      signal: stop.signal,
      sleep: () => void waits++,
    });
    expect(stdout.match(/^Healthy\.$/gm)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('is one screen of 80 columns on a terminal, however many jobs there are', async () => {
    const world = await embeddedWorld();
    await world.has(
      Array.from({ length: 40 }, (_, index) => job({ jobId: BigInt(index + 1) })),
      Array.from({ length: 40 }, (_, index) => task({ jobId: BigInt(index + 1), taskId: 1n, ...leased })),
    );
    const { stdout } = await commandOn(world, ['status'], { width: 80 });
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThan(25);
    expect(stdout).toContain('… and 30 jobs more');
  });
});
