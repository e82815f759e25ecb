import { describe, expect, it } from 'vitest';
import { parseCheckEvent } from '../functions/checker/check-event.ts';
import { createChecker } from '../functions/checker/checker.ts';
import type { PassRun } from '../functions/inspector/pass-run.ts';
import { expired, HOUR, job, leased, MINUTE, NOW, type Row, segment, task } from './support/builders.ts';
import { cloudFormationStub, outputsOf } from './support/cloud-formation-stub.ts';
import { commandLine, commandOn, optionsOf } from './support/command-in-process.ts';
import { disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';
import { functionEndpoint } from './support/function-endpoint.ts';

async function worldOf(...rows: readonly Row[]): Promise<World> {
  const world = await embeddedWorld();
  await world.has(...rows);
  return world;
}

const local = (world: World, ...args: readonly string[]) => commandOn(world, [...args, '--local']);

/** Both functions, deployed. */
const DEPLOYED = ['--inspector-function', 'inspector', '--checker-function', 'checker'];

/** A pass whose time is over after so many verdicts. */
const outOfTimeAfter = (verdicts: number): PassRun => {
  let reached = 0;
  return {
    remainingMs: () => (reached < verdicts ? 15 * MINUTE : 0),
    onVerdict: () => void reached++,
  };
};

const failedRestore: readonly Row[] = [
  job({ state: 'Failed', reason: 'timeout' }),
  task({ targets: [11n, 12n] }),
  segment(11n),
  segment(12n, 'Flushed'),
];

describe('copy-segment inspect', () => {
  it('makes a pass in this process, and shows what it did', async () => {
    const world = await worldOf(job(), task(), task({ taskId: 2n, ...expired }));
    const { code, stdout } = await local(world, 'inspect');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'Inspection: complete, 0.0 s.',
        '  read      2 due tasks, 1 task, 1 job',
        '  tasks     2 enqueued, 1 released',
        '  messages  2 sent',
        'When the next inspection is made is not known: its schedule was not read.',
        '',
      ].join('\n'),
    });
    expect(await world.messages()).toHaveLength(2);
  });

  it('invokes the deployed function otherwise', async () => {
    const world = await worldOf(job(), task(), job({ jobId: 2n }), task({ jobId: 2n }));
    await functionEndpoint({ inspector: (event) => world.pass(event) });
    const { code, stdout } = await commandOn(world, ['inspect', '--jobs', '2', ...DEPLOYED]);
    expect({ code, stdout: stdout.split('\n')[2] }).toEqual({ code: 0, stdout: '  tasks     1 enqueued' });
    expect(await world.messages()).toMatchObject([{ jobId: '2' }]);
  });

  it('says what is wrong, and exits with 1', async () => {
    const world = await worldOf(task());
    const { code, stdout } = await local(world, 'inspect');
    expect(code).toBe(1);
    expect(stdout).toContain('\norphan, task 1/1: the task is Pending, its job is missing\n');
  });

  it('tells the error of a function that fails', async () => {
    const world = await worldOf();
    await functionEndpoint({
      inspector: () =>
        Promise.reject(Object.assign(new Error('no such table'), { name: 'ResourceNotFound' })),
    });
    expect(await commandOn(world, ['inspect', ...DEPLOYED])).toMatchObject({
      code: 1,
      stdout: 'inspector failed: ResourceNotFound: no such table\n',
    });
  });

  it('exits with 3 where there is no such function', async () => {
    const world = await worldOf();
    await functionEndpoint({});
    expect(await commandOn(world, ['inspect', ...DEPLOYED])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Function not found: inspector'),
    });
  });

  it('asks which function if none is named', async () => {
    const world = await worldOf();
    expect(await commandOn(world, ['inspect'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Which inspector\? .*--local/s),
    });
  });

  it('takes no jobs that are none', async () => {
    const world = await worldOf();
    expect((await local(world, 'inspect', '--jobs', '1,x')).code).toBe(2);
  });
});

describe('a dry run', () => {
  it('shows every planned action with its reason, and changes nothing', async () => {
    const world = await worldOf(
      ...failedRestore,
      job({ jobId: 2n }),
      task({ jobId: 2n }),
      task({ jobId: 2n, taskId: 2n, ...leased }),
      task({ jobId: 2n, taskId: 3n, ...expired }),
      task({ jobId: 2n, taskId: 4n, state: 'Completed' }),
    );
    const before = await world.items();
    const { code, stdout } = await commandOn(world, ['inspect', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout.split('\n\n')[0]?.split('\n').sort()).toEqual(
      [
        'ACTION   ON          BECAUSE',
        'release  task 2/3    the lease ran out at 2026-11-22T12:14:50.245Z',
        'enqueue  task 2/1    the task is Pending, its job is Executing',
        'drop     segment 11  copy segment job 1 failed: timeout',
        'drop     segment 12  copy segment job 1 failed: timeout',
        'drop     task 1/1    the task is Pending, its job failed',
        'dropAll  job 1       the job failed',
      ].sort(),
    );
    expect(stdout).toContain('Nothing was written. To do it:\n  copy-segment inspect --local --jobs-table ');
    expect(await world.items()).toEqual(before);
    expect(await world.messages()).toEqual([]);
  });

  it('is one screen of a terminal, unless all of it is asked for', async () => {
    const world = await worldOf(
      job(),
      ...Array.from({ length: 60 }, (_, index) => task({ taskId: BigInt(index + 1) })),
    );
    const onTerminal = async (...args: readonly string[]) =>
      (await commandOn(world, ['inspect', '--dry-run', ...args], { width: 80 })).stdout.split('\n');
    const lines = await onTerminal();
    const shown = lines.filter((line) => line.startsWith('enqueue')).length;
    expect(shown).toBeGreaterThan(10);
    expect(lines.length).toBeLessThanOrEqual(30 + 1);
    expect(lines).toContain(`… and ${60 - shown} actions more (--all shows them)`);
    expect((await onTerminal('--all')).filter((line) => line.startsWith('enqueue'))).toHaveLength(60);
  });

  it('of a check shows what it would publish', async () => {
    const world = await worldOf(
      job({ dueAt: NOW }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n),
    );
    const before = await world.items();
    const { stdout } = await commandOn(world, ['check', '--dry-run', '--json']);
    expect(JSON.parse(stdout).actions).toEqual([
      { action: 'publish', on: 'job 1', because: 'all 1 tasks are Completed' },
      { action: 'publish', on: 'segment 11', because: 'every task of its job is Completed' },
    ]);
    expect(await world.items()).toEqual(before);
  });

  it('of a recovery shows the markers that it would mend', async () => {
    const world = await worldOf(
      job(),
      task({ state: 'InProgress', leaseExpiresAt: NOW + 5 * MINUTE, dueAt: null }),
    );
    const { stdout } = await commandOn(world, ['recover', '--dry-run', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      actions: [{ action: 'enqueue', on: 'task 1/1', because: 'recovery: the lease is running' }],
      report: { tasks: { mended: 1 } },
    });
  });
});

describe('a pass by hand that would drop segments', () => {
  const many = (count: number): Row[] => {
    const ids = Array.from({ length: count }, (_, index) => BigInt(index + 11));
    return [
      job({ state: 'Failed', reason: 'timeout' }),
      task({ targets: ids }),
      ...ids.map((id) => segment(id)),
    ];
  };
  const stateOf = async (world: World) => (await world.segment(11n))?.state;

  it.each(['inspect', 'recover'])(
    '%s shows which, and changes nothing in a script without --yes',
    async (pass) => {
      const world = await worldOf(...failedRestore);
      const before = await world.items();
      const { code, stdout } = await local(world, pass);
      expect({ code, stdout }).toEqual({
        code: 2,
        stdout: [
          'ACTION  ON          BECAUSE',
          'drop    segment 11  copy segment job 1 failed: timeout',
          'drop    segment 12  copy segment job 1 failed: timeout',
          'It would drop 2 segments.',
          'Nothing was changed: where nobody can be asked, add --yes.',
          '',
        ].join('\n'),
      });
      expect(await world.items()).toEqual(before);
    },
  );

  it.each(['inspect', 'recover'])('%s asks on a terminal', async (pass) => {
    const world = await worldOf(...failedRestore);
    const args = [pass, '--local'];
    expect(await commandOn(world, args, { answer: false })).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/\nNothing was changed\.\n$/),
    });
    expect(await stateOf(world)).toBe('Importing');
    expect((await commandOn(world, args, { answer: true })).code).toBe(0);
    expect(await stateOf(world)).toBe('Dropped');
  });

  it('asks for a deployed function as well, and invokes it only then', async () => {
    const world = await worldOf(...failedRestore);
    const events: unknown[] = [];
    await functionEndpoint({
      inspector(event) {
        events.push(event);
        return world.pass(event);
      },
    });
    const args = ['inspect', '--inspector-function', 'inspector'];
    expect((await commandOn(world, args)).code).toBe(2);
    expect(events).toEqual([]);
    expect((await commandOn(world, [...args, '--yes'])).code).toBe(0);
    expect(events).toEqual([{ mode: 'inspect' }]);
    expect(await stateOf(world)).toBe('Dropped');
  });

  it('asks nothing where it would drop nothing', async () => {
    const world = await worldOf(job(), task(), task({ taskId: 2n, ...expired }));
    expect((await local(world, 'inspect')).code).toBe(0);
    expect((await local(world, 'recover')).code).toBe(0);
    expect(await world.messages()).not.toEqual([]);
  });

  it('names the segments in JSON, and asks nobody there', async () => {
    const world = await worldOf(...failedRestore);
    const { code, stdout } = await commandOn(world, ['inspect', '--local', '--json'], { answer: true });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'notConfirmed',
      wouldDrop: 2,
      actions: [{ on: 'segment 11' }, { on: 'segment 12' }],
    });
    expect(await stateOf(world)).toBe('Importing');
  });

  it('shows no more of them than a screen, unless all are asked for', async () => {
    const world = await worldOf(...many(60));
    const shown = async (...args: readonly string[]) =>
      (
        await commandOn(world, ['inspect', '--local', ...args], { width: 80, maxLines: 20, answer: false })
      ).stdout.split('\n');
    const lines = await shown();
    expect(lines.indexOf('It would drop 60 segments.')).toBe(19);
    expect(lines[18]).toBe('… and 43 actions more (--all shows them)');
    expect((await shown('--all')).filter((line) => line.startsWith('drop '))).toHaveLength(60);
  });

  it('drops no more than the deployed pass may, made in this process', async () => {
    const world = await worldOf(...many(5));
    await cloudFormationStub('Inspector', { ...outputsOf(world), MaxDrops: '2' });
    const { stdout } = await commandLine(['recover', '--local', '--yes', '--stack', 'Inspector'], {
      now: () => world.clock.now,
    });
    expect(stdout).toContain('\nIt would drop 2 segments, and withhold ');
    const { segments } = await world.items();
    expect(segments.filter(({ state }) => state === 'Dropped')).toHaveLength(2);
  });
});

describe('a job that is none', () => {
  it.each(['inspect', 'recover', 'check'])('%s does nothing, not even for the others', async (pass) => {
    const world = await worldOf(job({ dueAt: NOW, timeoutAt: NOW - MINUTE }), task());
    const before = await world.items();
    expect(await local(world, pass, '--jobs', '1,998,999')).toMatchObject({
      code: 1,
      stdout: 'There are no jobs 998, 999.\n',
    });
    expect(await world.items()).toEqual(before);
  });

  it('is not one whose tasks are there', async () => {
    const world = await worldOf(task({ state: 'Failed', targets: [11n] }), segment(11n));
    expect((await local(world, 'inspect', '--jobs', '1', '--yes')).code).toBe(0);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
  });
});

describe('a table that does not exist', () => {
  it.each(['inspect', 'recover', 'check', 'audit', 'status', 'dump'])(
    '%s names it, and exits with 3',
    async (command) => {
      const world = await worldOf(job({ dueAt: NOW }), task());
      const args = [...(/inspect|recover|check/.test(command) ? ['--local'] : []), ...optionsOf(world)];
      const elsewhere = args.map((arg) => (arg === world.tables.tasks ? 'nope' : arg));
      const { code, stderr } = await commandLine([command, ...elsewhere], { now: () => world.clock.now });
      expect({ code, stderr }).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/^There is no table nope in this account/m),
      });
    },
  );
});

describe('what a dry run prints to do it', () => {
  it('has every flag that decides what is done', async () => {
    const world = await worldOf(...failedRestore);
    const args = ['inspect', '--local', '--jobs', '1', '--max-drops', '1', '--dry-run'];
    const { stdout } = await commandOn(world, [...args, '--inspector-function', 'inspector']);
    expect(stdout).toContain('\n  copy-segment inspect --local --jobs 1 --max-drops 1 ');
  });

  it('is made by the deployed function, where one is named and nothing else was asked for', async () => {
    const world = await worldOf(job(), task());
    const { stdout } = await commandOn(world, ['inspect', '--dry-run', '--inspector-function', 'inspector']);
    expect(stdout).toMatch(/\n {2}copy-segment inspect --(?!local)/);
  });
});

describe('copy-segment check', () => {
  it('makes a check in this process: a job is published', async () => {
    const world = await worldOf(
      job({ dueAt: NOW }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n),
    );
    expect((await local(world, 'check')).code).toBe(0);
    expect(await world.job()).toMatchObject({ state: 'Completed' });
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
  });

  it('invokes the deployed checker otherwise', async () => {
    const world = await worldOf(job({ dueAt: NOW, timeoutAt: NOW - MINUTE }), task());
    await functionEndpoint({ checker: checkerOf(world) });
    const { code, stdout } = await commandOn(world, ['check', ...DEPLOYED]);
    expect(code).toBe(1);
    expect(stdout).toContain('jobFailed, job 1: timeout');
    expect(await world.job()).toMatchObject({ state: 'Failed', reason: 'timeout' });
  });
});

describe('copy-segment recover', () => {
  it('does what no inspection would find', async () => {
    const world = await worldOf(...failedRestore.slice(1), job({ state: 'Failed', dueAt: null }));
    const { code } = await local(world, 'recover', '--yes');
    expect(code).toBe(0);
    expect(await world.segment(12n)).toMatchObject({ state: 'Dropped' });
    expect(await world.job()).toMatchObject({ segmentsDroppedAt: BigInt(NOW) });
  });

  it('is continued until it is complete, and adds up what its passes did', async () => {
    const jobs = Array.from({ length: 250 }, (_, index) => BigInt(index + 1));
    const world = await worldOf(...jobs.flatMap((jobId) => [job({ jobId }), task({ jobId, dueAt: null })]));
    let passes = 0;
    await functionEndpoint({
      inspector: (event) => world.pass(event, ++passes < 3 ? outOfTimeAfter(100) : {}),
      checker: checkerOf(world),
    });
    const { code, stdout } = await commandOn(world, ['recover', '--json', ...DEPLOYED]);
    expect(code).toBe(0);
    const { report, passes: told } = JSON.parse(stdout);
    expect({ told, complete: report.complete }).toEqual({ told: 3, complete: true });
    expect(passes).toBe(3);
    const { tasks } = await world.items();
    expect(tasks.filter(({ dueAt }) => dueAt === undefined)).toEqual([]);
    expect(report.messages.sent).toBe((await world.messages()).length);
    expect(report.messages.sent).toBeGreaterThanOrEqual(250);
  });

  it('is continued in the midst of a large job, with the whole place that the report gives', async () => {
    const taskIds = Array.from({ length: 450 }, (_, index) => BigInt(index + 1));
    const world = await worldOf(job(), ...taskIds.map((taskId) => task({ taskId, dueAt: null })));
    const asked: unknown[] = [];
    const told: object[] = [];
    await functionEndpoint({
      inspector: async (event) => {
        const { fromJobId, fromTaskId, scannedThrough, ...report } = await world.pass(
          event,
          outOfTimeAfter(100),
        );
        const place = { fromJobId, fromTaskId, scannedThrough };
        asked.push(event);
        told.push(JSON.parse(JSON.stringify(place)));
        return { ...report, ...place };
      },
      checker: checkerOf(world),
    });
    const { code } = await commandOn(world, ['recover', ...DEPLOYED]);
    expect(code).toBe(0);
    expect(told.slice(0, 2)).toEqual([
      { fromJobId: '1', fromTaskId: '101' },
      { fromJobId: '1', fromTaskId: '201' },
    ]);
    expect(asked.slice(1)).toEqual(told.slice(0, -1).map((place) => ({ mode: 'recover', ...place })));
    expect(await world.messages()).toHaveLength(450);
  });

  it('carries the place of a scan as well', async () => {
    const world = await worldOf(job());
    const asked: unknown[] = [];
    const place = { fromJobId: '4', fromTaskId: '9', scannedThrough: 'jobs/12/7' };
    await functionEndpoint({
      inspector: async (event) => {
        asked.push(event);
        const report = await world.pass(event);
        return asked.length === 1 ? { ...report, complete: false, ...place } : report;
      },
      checker: checkerOf(world),
    });
    expect((await commandOn(world, ['recover', ...DEPLOYED])).code).toBe(0);
    expect(asked).toEqual([{ mode: 'recover' }, { mode: 'recover', ...place }]);
  });

  it('ends when it gets no further, and says why', async () => {
    const world = await worldOf(job(), task());
    let passes = 0;
    await functionEndpoint({
      inspector: (event) => {
        passes++;
        return world.pass(event, {
          disturb: ({ operation, proceed }) =>
            operation === 'SendMessageBatch' ? Promise.reject(new Error('no such queue')) : proceed(),
        });
      },
      checker: checkerOf(world),
    });
    const { code, stdout } = await commandOn(world, ['recover', ...DEPLOYED]);
    expect(code).toBe(1);
    expect(passes).toBe(2);
    expect(stdout).toContain('failed, task 1/1: not sent: Error: no such queue\n');
    expect(stdout).toContain('It got no further: the problems say why.');
  });

  it('has the checker mark running jobs, where there is one', async () => {
    const world = await worldOf(job(), job({ jobId: 2n, dueAt: NOW + 100 * HOUR }));
    await functionEndpoint({ inspector: (event) => world.pass(event), checker: checkerOf(world) });
    expect((await commandOn(world, ['recover', ...DEPLOYED])).code).toBe(0);
    expect(await world.job(1n)).toMatchObject({ dueAt: BigInt(NOW) });
    expect(await world.job(2n)).toMatchObject({ dueAt: BigInt(NOW) });
  });

  it('leaves running jobs without a marker where there is no checker', async () => {
    const world = await worldOf(job());
    expect((await local(world, 'recover')).code).toBe(0);
    expect(await world.job()).not.toHaveProperty('dueAt');
  });
});

describe('--max-drops', () => {
  const rows: readonly Row[] = [
    job({ state: 'Failed' }),
    task({ state: 'Completed', targets: [11n, 12n, 13n] }),
    ...[11n, 12n, 13n].map((id) => segment(id, 'Flushed')),
  ];
  const dropped = async (world: World): Promise<number> =>
    (await world.items()).segments.filter(({ state }) => state === 'Dropped').length;

  it('lets drops through that a pass withheld, once somebody agrees to their number', async () => {
    const world = await embeddedWorld({ maxDrops: 1 });
    await world.has(...rows);
    await world.pass();
    expect(await dropped(world)).toBe(1);
    const recover = ['recover', '--local', '--max-drops', '50'];
    const unasked = await commandOn(world, recover);
    expect(unasked).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('\nIt would drop 2 segments.\n'),
    });
    expect((await commandOn(world, recover, { answer: false })).code).toBe(1);
    expect(await dropped(world)).toBe(1);
    expect((await commandOn(world, recover, { answer: true })).code).toBe(0);
    expect(await dropped(world)).toBe(3);
  });

  it('is the limit of a recovery, in however many passes', async () => {
    const world = await worldOf(...rows);
    const events: unknown[] = [];
    await functionEndpoint({
      inspector(event) {
        events.push(event);
        return world.pass(event);
      },
      checker: checkerOf(world),
    });
    const { code, stdout } = await commandOn(world, ['recover', '--max-drops', '2', '--yes', ...DEPLOYED]);
    expect(code).toBe(1);
    expect(stdout).toContain('Drops were withheld. If they are right, recover --max-drops COUNT');
    expect(events).toEqual([{ mode: 'recover', maxDrops: 2 }]);
    expect(await dropped(world)).toBe(2);
  });
});

/** The checker as it is deployed. */
const checkerOf =
  ({ tables, clock }: World) =>
  (event: unknown) =>
    createChecker({ dynamo: disturbedClients().dynamo, tables, shards: 4, now: () => clock.now })(
      parseCheckEvent(event),
    );
