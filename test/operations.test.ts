import { describe, expect, it } from 'vitest';
import { HOUR, job, leased, MINUTE, NOW, type Row, segment, task } from './support/builders.ts';
import { commandOn } from './support/command-in-process.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

const AT = '2026-11-22T12:15:50Z';

async function worldOf(...rows: readonly Row[]): Promise<World> {
  const world = await embeddedWorld();
  await world.has(...rows);
  return world;
}

/** Runs a command with consent, and whatever it changed is looked at afterwards. */
const agreed = (world: World, ...args: readonly string[]) => commandOn(world, [...args, '--yes']);

/** A command that must not change anything. */
async function unchanged(world: World, ...args: readonly string[]) {
  const before = await world.items();
  const run = await commandOn(world, args);
  expect(await world.items()).toEqual(before);
  return run;
}

describe('copy-segment cancel', () => {
  it('fails the job, naming who; the next inspection drops its targets', async () => {
    const world = await worldOf(
      job({ dueAt: NOW + HOUR, totalSegments: 2 }),
      task({ ...leased, targets: [11n] }),
      task({ taskId: 2n, state: 'Completed', targets: [12n] }),
      segment(11n),
      segment(12n),
    );
    const { code, stdout } = await agreed(world, 'cancel', '1', '--who', 'ada');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'job 1',
        '  state        Executing → Failed',
        '  reason       none → cancelled by ada',
        `  completedAt  none → ${AT}`,
        `  dueAt        2026-11-22T13:15:50Z → ${AT}`,
        'This is final: to restore, submit a new job with new targets.',
        'Job 1 is cancelled. The next inspection drops its 2 targets, from within a minute on; workers stop at their next heartbeat.',
        '',
      ].join('\n'),
    });
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.segment(12n)).toMatchObject({
      state: 'Dropped',
      dropReason: 'copy segment job 1 failed: cancelled by ada',
    });
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it.each([
    [
      'Publishing',
      1,
      'Job 1 is Publishing: its segments are becoming visible, and it can no longer be cancelled.\n',
    ],
    ['Completed', 1, 'Job 1 is Completed: its segments are visible, and stay so.\n'],
    ['Failed', 0, 'Job 1 failed already.\n'],
  ] as const)('leaves a job alone that is %s', async (state, code, stdout) => {
    const world = await worldOf(job({ state }));
    expect(await unchanged(world, 'cancel', '1', '--yes')).toMatchObject({ code, stdout });
  });

  it('says that there is no such job', async () => {
    const world = await worldOf();
    expect(await unchanged(world, 'cancel', '1', '--yes')).toMatchObject({
      code: 1,
      stdout: 'There is no job 1.\n',
    });
  });
});

describe('copy-segment release', () => {
  it('takes a running lease away without counting it as lost; the next inspection sends the task', async () => {
    const world = await worldOf(job(), task({ ...leased, taskVersion: 3, enqueueCount: 2, lostLeases: 9 }));
    const { code, stdout } = await agreed(world, 'release', '1/1');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'task 1/1',
        '  state           InProgress → Pending',
        '  taskVersion     3 → 4',
        '  enqueueCount    2 → 0',
        `  dueAt           2026-11-22T12:25:50Z → ${AT}`,
        '  nodeId          datanode-1 → none',
        '  leaseExpiresAt  2026-11-22T12:25:50Z → none',
        'Worker datanode-1 holds it for another 10 min; it stops at its next heartbeat.',
        'Task 1/1 is released. The next inspection enqueues it, within a minute.',
        '',
      ].join('\n'),
    });
    expect(await world.task()).toMatchObject({ state: 'Pending', lostLeases: 9n });
    await world.pass();
    expect(await world.messages()).toMatchObject([{ taskVersion: 4, attempt: 1, reason: 'pending' }]);
  });

  it('asks for --without-lease where nothing says that the worker is gone', async () => {
    const world = await worldOf(job(), task({ state: 'InProgress' }));
    const refused = await unchanged(world, 'release', '1/1', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(
      /^Task 1\/1 has no lease: nothing says whether worker datanode-1 still works on it\. If you know that it does not:\n {2}copy-segment release 1\/1 --without-lease --jobs-table /,
    );
    expect((await agreed(world, 'release', '1/1', '--without-lease')).code).toBe(0);
    await world.pass();
    expect(await world.messages()).toMatchObject([{ taskId: '1', reason: 'pending' }]);
  });

  it('takes a lease off a task that is over, and touches nothing else', async () => {
    const world = await worldOf(job(), task({ state: 'Completed', leaseExpiresAt: NOW + HOUR }));
    const { leaseExpiresAt: _, ...rest } = (await world.task()) as Record<string, unknown>;
    expect((await agreed(world, 'release', '1/1')).code).toBe(0);
    expect(await world.task()).toEqual(rest);
  });

  it.each([
    [
      'a task that nobody holds',
      [job(), task()],
      0,
      /^Task 1\/1 is Pending: nobody holds it\.\n {2}copy-segment requeue 1\/1 /,
    ],
    ['a task whose job is over', [job({ state: 'Failed' }), task(leased)], 1, /: its job is Failed\.\n$/],
    ['an orphan', [task(leased)], 1, /: its job is missing\.\n$/],
    [
      'a task without a collection',
      [job(), task({ ...leased, collectionId: null })],
      1,
      /collectionId: is missing/,
    ],
    [
      'a task that cannot be read',
      [job(), task({ state: 'Paused' as 'Pending' })],
      1,
      /^Task 1\/1 cannot be read: state: /,
    ],
    ['no task', [job()], 1, /^There is no task 1\/1\.\n$/],
  ] as const)('leaves %s alone', async (_, rows, code, stdout) => {
    const world = await worldOf(...rows);
    expect(await unchanged(world, 'release', '1/1', '--yes')).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout),
    });
  });
});

describe('copy-segment requeue', () => {
  it('has a task sent by the next inspection that would have waited for hours, once more in its count', async () => {
    const world = await worldOf(job(), task({ dueAt: NOW + 6 * HOUR, enqueueCount: 5 }));
    const { code, stdout } = await agreed(world, 'requeue', '1/1');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'task 1/1',
        `  dueAt  2026-11-22T18:15:50Z → ${AT}`,
        'Should an earlier message still be in the queue, one of the two is thrown away.',
        'Task 1/1 is due now. The next inspection sends it, within a minute.',
        '',
      ].join('\n'),
    });
    await world.pass();
    expect(await world.messages()).toMatchObject([{ taskVersion: 0, attempt: 6 }]);
  });

  it('has the targets dropped of a Failed task that no pass would have found, in a shard that passes ask', async () => {
    const world = await worldOf(
      job(),
      task({ state: 'Failed', dueAt: null, dueShard: 77, targets: [11n] }),
      segment(11n),
    );
    await agreed(world, 'requeue', '1/1');
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it('takes a settlement back whose target is there again', async () => {
    const world = await worldOf(
      job(),
      task({ state: 'Failed', segmentsDroppedAt: NOW - HOUR, targets: [11n] }),
      segment(11n),
    );
    await agreed(world, 'requeue', '1/1');
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it('has the visible target of a job dropped that failed and is settled', async () => {
    const world = await worldOf(
      job({ state: 'Failed', segmentsDroppedAt: NOW - HOUR }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed'),
    );
    await agreed(world, 'requeue', '1/1');
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('gives a marker to a task whose lease runs, which the next inspection sets right', async () => {
    const world = await worldOf(job(), task({ ...leased, dueAt: null }));
    expect((await agreed(world, 'requeue', '1/1')).code).toBe(0);
    await world.pass();
    expect(await world.task()).toMatchObject({ state: 'InProgress', dueAt: BigInt(NOW + 10 * MINUTE) });
  });

  it.each([
    [
      'a task that its worker holds',
      [job(), task(leased)],
      1,
      /^Task 1\/1 is held by worker datanode-1 until .+\n {2}copy-segment release 1\/1 /,
    ],
    [
      'a task without a lease',
      [job(), task({ state: 'InProgress' })],
      1,
      /\n {2}copy-segment release 1\/1 --without-lease /,
    ],
    [
      'a Completed task',
      [job(), task({ state: 'Completed' })],
      0,
      /^Task 1\/1 is Completed: there is nothing left to do\.\n$/,
    ],
    ['an orphan', [task()], 1, /\n {2}copy-segment fail 1\/1 --reason 'its job is missing' /],
    ['a task of a Completed job', [job({ state: 'Completed' }), task()], 1, /: its job is Completed\.\n$/],
    [
      'a contradiction',
      [job({ state: 'Completed' }), task({ state: 'Failed' })],
      1,
      /live, and are not dropped\.\n {2}copy-segment forget 1\/1 /,
    ],
  ] as const)('leaves %s alone', async (_, rows, code, stdout) => {
    const world = await worldOf(...rows);
    expect(await unchanged(world, 'requeue', '1/1', '--yes')).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout),
    });
  });
});

describe('copy-segment fail', () => {
  const by = ['--reason', 'the snapshot lost a file', '--who', 'ada'];

  it('fails the task and tells the checker; the next inspection drops its targets', async () => {
    const world = await worldOf(
      job({ dueAt: NOW + HOUR, looks: 3 }),
      task({ ...leased, targets: [11n] }),
      segment(11n),
    );
    const { code, stdout } = await agreed(world, 'fail', '1/1', ...by);
    expect(code).toBe(0);
    expect(stdout).toContain('  reason          none → failed by ada: the snapshot lost a file\n');
    expect(stdout).toContain(
      'job 1\n  dueAt  2026-11-22T13:15:50Z → 2026-11-22T12:15:50Z\n  looks  3 → none\n',
    );
    const { nodeId, leaseExpiresAt, ...failed } = (await world.task()) as Record<string, unknown>;
    expect([nodeId, leaseExpiresAt]).toEqual([undefined, undefined]);
    expect(failed).toMatchObject({
      state: 'Failed',
      reason: 'failed by ada: the snapshot lost a file',
      completedAt: BigInt(NOW),
      dueAt: BigInt(NOW),
    });
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW) });
    expect(await world.job()).not.toHaveProperty('looks');
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('leaves the job of somebody else’s checker without a marker', async () => {
    const world = await worldOf(job(), task());
    const { stdout } = await agreed(world, 'fail', '1/1', ...by);
    expect(stdout).toContain('whoever checks job 1 fails it, and then all of its targets are dropped.');
    expect(await world.job()).not.toHaveProperty('dueAt');
  });

  it('ends a task that cannot be read: its targets are dropped', async () => {
    const world = await worldOf(job(), task({ state: 'Paused' as 'Pending', targets: [11n] }), segment(11n));
    expect((await agreed(world, 'fail', '1/1', ...by)).code).toBe(0);
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });

  it('ends an orphan: its targets are dropped', async () => {
    const world = await worldOf(task({ targets: [11n] }), segment(11n));
    expect((await agreed(world, 'fail', '1/1', ...by)).code).toBe(0);
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await world.task()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it.each([
    [
      'a Completed task',
      [job(), task({ state: 'Completed' })],
      1,
      /^Task 1\/1 is Completed\..+\n {2}copy-segment cancel 1 /,
    ],
    [
      'a Failed task',
      [job(), task({ state: 'Failed', reason: 'disk full' })],
      0,
      /^Task 1\/1 failed already: disk full\.\n$/,
    ],
    ['a task of a Completed job', [job({ state: 'Completed' }), task()], 1, /its job is Completed\.\n$/],
    ['a task of a Failed job', [job({ state: 'Failed' }), task()], 1, /its job is Failed\.\n$/],
  ] as const)('leaves %s alone', async (_, rows, code, stdout) => {
    const world = await worldOf(...rows);
    expect(await unchanged(world, 'fail', '1/1', ...by, '--yes')).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout),
    });
  });

  it('needs a reason', async () => {
    const world = await worldOf(job(), task());
    expect((await unchanged(world, 'fail', '1/1', '--yes')).code).toBe(2);
  });
});

describe('copy-segment forget', () => {
  it('takes a task out of the index: no inspection reports it again, and a recovery looks all the same', async () => {
    const world = await worldOf(task());
    const { code, stdout } = await agreed(world, 'forget', '1/1');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'task 1/1',
        '  dueAt  2026-11-22T12:14:50Z → none',
        'It is Pending: nobody sends it to a worker.',
        'Task 1/1 is out of the index. No inspection looks at it again. A recovery does, and puts it back if there is something to do.',
        '',
      ].join('\n'),
    });
    expect((await world.pass()).problems).toEqual([]);
    expect((await world.pass({ mode: 'recover' })).problems).toMatchObject([{ kind: 'orphan' }]);
  });

  it('takes a job and every task of it out of the index', async () => {
    const tasks = Array.from({ length: 30 }, (_, index) => task({ taskId: BigInt(index + 1) }));
    const world = await worldOf(
      job({ dueAt: NOW }),
      ...tasks,
      task({ taskId: 31n, state: 'Completed' }),
      job({ jobId: 2n, dueAt: NOW }),
    );
    const { code, stdout } = await agreed(world, 'forget', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('… and 28 items likewise');
    expect(stdout).toContain('31 tasks, 30 of them in the index.');
    const { jobs, tasks: after } = await world.items();
    expect(jobs.map(({ dueAt }) => dueAt)).toEqual([undefined, BigInt(NOW)]);
    expect(after.filter(({ dueAt }) => dueAt !== undefined)).toEqual([]);
  });

  it('takes the tasks of a job that is missing', async () => {
    const world = await worldOf(task(), task({ taskId: 2n }));
    expect((await agreed(world, 'forget', '1')).code).toBe(0);
    expect((await world.pass()).problems).toEqual([]);
  });

  it.each([
    ['1/1', [job(), task({ dueAt: null })], 0, /^Task 1\/1 is not in the index/],
    ['1', [job(), task({ dueAt: null })], 0, /^Neither job 1 nor any task of it is in the index/],
    ['1', [], 1, /^There is no job 1, and no task of it\.\n$/],
  ] as const)('has nothing to do about %s', async (what, rows, code, stdout) => {
    const world = await worldOf(...rows);
    expect(await unchanged(world, 'forget', what, '--yes')).toMatchObject({
      code,
      stdout: expect.stringMatching(stdout),
    });
  });
});

describe('what an operator changes', () => {
  it('is shown in a script, and made only with --yes', async () => {
    const world = await worldOf(job(), task(leased));
    const { code, stdout } = await unchanged(world, 'release', '1/1');
    expect(code).toBe(2);
    expect(stdout).toContain('  taskVersion     1 → 2\n');
    expect(stdout).toContain('Nothing was changed: where nobody can be asked, add --yes.\n');
  });

  it('is made on a terminal once somebody agrees', async () => {
    const world = await worldOf(job(), task(leased));
    const declined = await commandOn(world, ['release', '1/1'], { answer: false, width: 80 });
    expect(declined).toMatchObject({ code: 1, stdout: expect.stringMatching(/\nNothing was changed\.\n$/) });
    expect(await world.task()).toMatchObject({ state: 'InProgress' });
    const accepted = await commandOn(world, ['release', '1/1'], { answer: true, width: 80 });
    expect(accepted.code).toBe(0);
    expect(accepted.stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(await world.task()).toMatchObject({ state: 'Pending' });
  });

  it('is not made if a worker was quicker than the answer', async () => {
    const world = await worldOf(job(), task({ ...leased, targets: [11n] }));
    const completed = task({ state: 'Completed', targets: [11n] });
    const { code, stdout } = await commandOn(world, ['release', '1/1'], {
      async answer() {
        await world.has(completed);
        return true;
      },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nNothing was changed: task 1\/1 has changed meanwhile.*\. Look again\.\n$/);
    expect(await world.task()).toMatchObject({ state: 'Completed' });
  });

  it('is one JSON document for a program, ids as strings', async () => {
    const world = await worldOf(job(), task({ dueAt: NOW + HOUR }));
    const { code, stdout } = await agreed(world, 'requeue', '1/1', '--json');
    expect({ code, document: JSON.parse(stdout) }).toEqual({
      code: 0,
      document: {
        outcome: 'done',
        changes: [
          {
            table: 'tasks',
            key: { jobId: '1', taskId: '1' },
            attributes: { dueAt: { before: NOW + HOUR, after: NOW } },
          },
        ],
        changed: 1,
        movedOn: 0,
        next: 'The next inspection sends it, within a minute.',
        cost: expect.any(Object),
      },
    });
  });

  it.each([
    [['release', '1'], /"1" is no task/],
    [['requeue', '1/x'], /"1\/x" is no task/],
    [['cancel', '0'], /"0" is no job/],
    [['forget', '1/2/3'], /"1\/2\/3" is no task/],
  ])('is refused without a key: %s', async (args, stderr) => {
    const world = await worldOf();
    const refused = await unchanged(world, ...args, '--yes');
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(stderr) });
  });
});
