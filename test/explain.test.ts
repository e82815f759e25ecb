import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { programOf } from '../cli/surroundings.ts';
import { expired, HOUR, job, leased, MINUTE, NOW, segment, task } from './support/builders.ts';
import { copied, done, submitted } from './support/checker-world.ts';
import { commandLine, optionsOf } from './support/command-in-process.ts';
import { disturbedClients, embeddedWorld } from './support/embedded-world.ts';
import { endpointInBetween } from './support/endpoint-in-between.ts';
import { execute, executeOtherwise, explain } from './support/explained.ts';
import { logsStub } from './support/logs-stub.ts';
import { schedulerStub } from './support/scheduler-stub.ts';
import { mappingsOf, RESTORE, submitTo } from './support/submit-world.ts';

const running = () => job({ timeoutAt: NOW + HOUR });

describe('explain names the cause of a task, and its remedy ends it', () => {
  it('never sent: no pass has been made since it was due', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'neverSent', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1', attempt: 1 }]);
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'inQueue' });
  });

  it('waiting in the queue: until a worker takes it, or it is due again', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    await world.pass();
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'inQueue', level: 'waiting', code: 0 });
    expect(found.remedy).toMatchObject({ kind: 'wait', until: NOW + 15 * MINUTE });
    world.clock.now = NOW + 15 * MINUTE;
    const due = await explain(world, '1/1');
    expect(due).toMatchObject({ kind: 'overdue', level: 'late', code: 1 });
    await execute(world, due);
    expect(await world.messages()).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  });

  it('sent, but the queue is empty: its message is lost, and it is sent again', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    await world.pass();
    await world.messages();
    // SQS counts approximately: it may not have counted a message that was sent just now.
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'inQueue', code: 0 });
    world.clock.now += 5 * MINUTE;
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'messageLost', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
  });

  it('lease running: until the lease ends, or its worker is known to be dead', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ ...leased, targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'leaseRunning', level: 'waiting', code: 0 });
    expect(found.remedy).toMatchObject({ kind: 'wait', until: NOW + 10 * MINUTE });
    await executeOtherwise(world, found);
    expect(await world.task()).toMatchObject({ state: 'Pending', taskVersion: 2n });
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'neverSent' });
  });

  it.each([
    [2, { state: 'Pending', lostLeases: 3n }],
    [9, { state: 'Failed', lostLeases: 10n, reason: 'lease lost 10 times' }],
  ])('lease lost, %i times before', async (lostLeases, after) => {
    const world = await embeddedWorld();
    await world.has(running(), task({ ...expired, lostLeases, targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'leaseLost', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.task()).toMatchObject(after);
    expect((await explain(world, '1/1')).kind).not.toBe('leaseLost');
  });

  it('no lease: nobody notices when its worker is lost', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ state: 'InProgress', targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'noLease', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
    expect(await explain(world, '1/1')).toMatchObject({ level: 'waiting' });
  });

  it('job over: the task rests, and a pass takes it out of the index', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Completed' }), task({ targets: [11n] }), segment(11n, 'Flushed'));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'jobOver', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.task()).not.toHaveProperty('dueAt');
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'jobOver', level: 'fine', code: 0 });
  });

  it('orphan: what it may have copied is dropped', async () => {
    const world = await embeddedWorld();
    await world.has(task({ targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'orphan', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it('contradiction: it leaves the index, and what is live stays', async () => {
    const world = await embeddedWorld();
    await world.has(
      job({ state: 'Completed' }),
      task({ state: 'Failed', targets: [11n] }),
      segment(11n, 'Flushed', { isImporting: false }),
    );
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'contradiction', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.segment(11n)).toMatchObject({ state: 'Flushed' });
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'forgotten', code: 0 });
  });

  it.each([
    ['its state is unknown', { state: 'Paused' as 'Pending', dueAt: NOW - MINUTE }],
    ['its version is missing', { taskVersion: null }],
  ])('malformed: %s', async (_, flaw) => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n], ...flaw }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'malformed', level: 'stuck', code: 1 });
    await execute(world, found);
    await world.pass();
    expect(await world.segment(11n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled' });
  });

  it('half-dropped: the targets that are left are dropped', async () => {
    const world = await embeddedWorld();
    const dropped = { isImporting: false, droppedAt: NOW - HOUR, dropReason: 'by the pass before' };
    await world.has(running(), task({ state: 'Failed', targets: [11n, 12n] }));
    await world.has(segment(11n, 'Dropped', dropped), segment(12n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'halfDropped', level: 'late', code: 1 });
    await execute(world, found);
    expect(await world.segment(12n)).toMatchObject({ state: 'Dropped' });
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'settled', code: 0 });
  });

  it('foreign: a target of another job can never be published', async () => {
    const world = await embeddedWorld();
    await world.has(
      running(),
      task({ targets: [11n, 12n] }),
      segment(11n),
      segment(12n, 'Flushed', { jobId: 2n }),
    );
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'foreign', level: 'stuck', code: 1 });
    expect(found.headline).toContain('target 12 is foreign: it belongs to job 2');
    await execute(world, found);
    await world.pass();
    expect(await world.job()).toMatchObject({ state: 'Failed' });
    expect(await world.segment(12n)).toMatchObject({ state: 'Flushed' });
    expect((await explain(world, '1/1')).kind).not.toBe('foreign');
  });

  it.each([
    ['missing marker', 'missingMarker', { dueAt: null }],
    ['wrong shard', 'wrongShard', { dueShard: 9n }],
    ['a marker in nanoseconds', 'markerTooFar', { dueAt: BigInt(NOW) * 1_000_000n }],
  ])('%s: no pass would find it', async (_, kind, marker) => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n], ...marker }), segment(11n));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind, level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
    expect(await explain(world, '1/1')).toMatchObject({ kind: 'inQueue', code: 0 });
  });
});

describe('explain names the cause of a job, and its remedy ends it', () => {
  it.each([
    ['missing marker', 'missingMarker', { dueAt: null }],
    ['wrong shard', 'wrongShard', { dueShard: 9n }],
  ])('%s: no check would find it', async (_, kind, marker) => {
    const world = await embeddedWorld();
    await world.has(
      submitted(1, 1, marker),
      task({ targets: [11n], enqueueCount: 1, dueAt: NOW + MINUTE }),
      segment(11n),
    );
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind, level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.job()).toMatchObject({ dueAt: BigInt(NOW), dueShard: 1n });
    expect((await explain(world, '1')).kind).not.toBe(kind);
  });

  it('unchecked: it has been due for more than an hour', async () => {
    const world = await embeddedWorld();
    await world.has(
      submitted(1, 1, { dueAt: NOW - 2 * HOUR }),
      task({ ...leased, targets: [11n] }),
      segment(11n),
    );
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'unchecked', level: 'late', code: 1 });
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'waitingForTasks', code: 0 });
  });

  it('unfinished submit: the same file resumes it', async () => {
    const world = await embeddedWorld();
    const mappings = mappingsOf(150);
    let transactions = 0;
    await submitTo(world, RESTORE, mappings, {
      disturb: async ({ operation, proceed }) => {
        if (operation === 'TransactWriteItems' && ++transactions > 2) throw new Error('cut off');
        return proceed();
      },
    }).catch(() => {});
    const submitting = await explain(world, '1');
    expect(submitting).toMatchObject({ kind: 'submitting', level: 'waiting', code: 0 });
    expect(submitting.remedy).toMatchObject({ kind: 'wait', until: NOW + 3 * MINUTE });
    world.clock.now = NOW + 5 * MINUTE;
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'unfinishedSubmit', level: 'stuck', code: 1 });
    expect(found.headline).toContain('wrote nothing for 5 min');
    expect(found.headline).toContain('1 of 2 tasks are there');
    const folder = await mkdtemp(join(tmpdir(), 'explain-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'restore.ndjson');
    const ids = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    const records = [{ job: RESTORE }, ...mappings.map((mapping) => ({ mapping }))];
    await writeFile(file, records.map((record) => `${JSON.stringify(record, ids)}\n`).join(''));
    await execute(world, found, { FILE: file });
    expect(await world.job()).toMatchObject({ state: 'Executing' });
    expect((await explain(world, '1')).kind).not.toBe('unfinishedSubmit');
  });

  it('publication cut short: it is published on from its place', async () => {
    const world = await embeddedWorld();
    const [, ...items] = copied(2, 2);
    await world.has(submitted(2, 4, { state: 'Publishing', publishedThroughTaskId: 1n }), items);
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'publicationCutShort', level: 'late', code: 1 });
    expect(found.headline).toContain('after task 1');
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'completed', code: 0 });
  });

  it('what holds it up is the worst of its tasks, by its id', async () => {
    const world = await embeddedWorld();
    await world.has(
      submitted(3, 3, { dueAt: NOW + HOUR }),
      done(1n, [11n]),
      task({ taskId: 2n, ...leased, targets: [12n] }),
    );
    await world.has(
      task({ taskId: 3n, state: 'InProgress', targets: [13n] }),
      [11n, 12n, 13n].map((id) => segment(id)),
    );
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'noLease', level: 'stuck', code: 1 });
    expect(found.headline).toContain('task 1/3');
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'waitingForTasks', code: 0 });
  });

  it('a job whose checker knows no markers is held up by its tasks all the same', async () => {
    const world = await embeddedWorld();
    await world.has(job(), done(1n, [11n]), segment(11n));
    await world.has(task({ taskId: 2n, ...expired, dueAt: NOW - HOUR }));
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'leaseLost', level: 'late', code: 1 });
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'waitingForTasks', code: 0 });
  });

  it('a failed job whose targets are still visible is dropped', async () => {
    const world = await embeddedWorld();
    await world.has(job({ state: 'Failed', reason: 'timeout' }), done(1n, [11n]), segment(11n));
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'dropping', level: 'late', code: 1 });
    await execute(world, found);
    expect(await explain(world, '1')).toMatchObject({ kind: 'settled', code: 0 });
  });
});

describe('explain names what is wrong around the items', () => {
  it('schedule paused, while a worker may still take it: the pass that it waits for is not promised', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    await world.pass();
    const scheduler = await schedulerStub({ passes: { State: 'DISABLED', Description: 'paused by ann' } });
    onTestFinished(scheduler.close);
    const found = await explain(world, '1/1', ['--schedule', 'passes']);
    expect(found).toMatchObject({
      kind: 'inQueue',
      remedy: {
        kind: 'wait',
        what: 'a worker takes it, or the next pass sends it once more, once the inspector is resumed',
        otherwise: { args: ['resume'] },
      },
    });
    expect(found.remedy).not.toHaveProperty('until');
  });

  it('schedule paused: passes are made again', async () => {
    const world = await embeddedWorld();
    const scheduler = await schedulerStub({
      passes: { State: 'DISABLED', Description: 'paused by ann: table restore' },
    });
    onTestFinished(scheduler.close);
    const options = ['--schedule', 'passes'];
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1', options);
    expect(found).toMatchObject({ kind: 'schedulePaused', level: 'stuck', code: 1 });
    expect(found.headline).toContain('paused by ann: table restore');
    await execute(world, found);
    expect(scheduler.schedules.passes).toMatchObject({ State: 'ENABLED' });
    expect(await explain(world, '1/1', options)).toMatchObject({ kind: 'neverSent' });
  });

  it('schedule missing: it is deployed again, or the pass made by hand', async () => {
    const world = await embeddedWorld();
    const scheduler = await schedulerStub({});
    onTestFinished(scheduler.close);
    const options = ['--schedule', 'passes'];
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const found = await explain(world, '1/1', options);
    expect(found).toMatchObject({ kind: 'scheduleMissing', level: 'stuck', code: 1 });
    expect(found.headline).toContain('the schedule passes of the inspector does not exist');
    expect(found.remedy.steps?.map(({ command }) => command.join(' '))).toEqual([
      'npx cdk deploy --revert-drift',
    ]);
    await executeOtherwise(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
    // A deployment is not made here: this is what it leaves behind.
    Object.assign(scheduler.schedules, { passes: { Name: 'passes', State: 'ENABLED' } });
    expect(await explain(world, '1/1', options)).toMatchObject({ kind: 'inQueue', code: 0 });
  });

  it.each([
    ['a standard queue', { fifo: false }],
    ['a FIFO queue', { fifo: true }],
  ])('queue missing: %s is created again, and what is due is sent', async (_, { fifo }) => {
    const world = await embeddedWorld({ fifo });
    const { sqs } = disturbedClients();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    await sqs.send(new DeleteQueueCommand({ QueueUrl: world.queueUrl }));
    const found = await explain(world, '1/1');
    expect(found).toMatchObject({ kind: 'queueMissing', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
    expect((await explain(world, '1/1')).kind).toBe('inQueue');
  });

  it('writes refused: the table and the reason are named, and once they are allowed the pass does its work', async () => {
    const world = await embeddedWorld();
    let isRefusing = true;
    const between = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      isRefusing && /Update|Write|Execute/.test(operation)
        ? { type: 'ResourceInUseException', message: 'the table is being restored' }
        : undefined,
    );
    onTestFinished(between.close);
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const surroundings = { dynamoEndpoint: between.endpoint };
    const found = await explain(world, '1/1', [], surroundings);
    expect(found).toMatchObject({ kind: 'writesRefused', level: 'stuck', code: 1 });
    expect(found.headline).toMatch(/tasks takes no writes: ResourceInUseException: the table is being/);
    isRefusing = false;
    await execute(world, found);
    expect(await explain(world, '1/1', [], surroundings)).toMatchObject({ kind: 'inQueue', code: 0 });
  });

  it('a right to write that only whoever asks has not got is no cause, and is said under `not read`', async () => {
    const world = await embeddedWorld();
    const scheduler = await schedulerStub({ passes: { State: 'DISABLED', Description: 'paused by ann' } });
    onTestFinished(scheduler.close);
    const between = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      /Update|Write|Execute/.test(operation)
        ? { type: 'AccessDeniedException', message: 'ReadOnly/oncall is not authorized' }
        : undefined,
    );
    onTestFinished(between.close);
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const surroundings = { dynamoEndpoint: between.endpoint };
    const found = await explain(world, '1/1', ['--schedule', 'passes'], surroundings);
    expect(found).toMatchObject({ kind: 'schedulePaused', level: 'stuck', code: 1 });
    expect(found.notRead).toContain('whether the table takes writes (no right to write from here)');
    await execute(world, found);
    expect(scheduler.schedules.passes).toMatchObject({ State: 'ENABLED' });
    expect((await explain(world, '1/1', [], surroundings)).kind).toBe('neverSent');
  });

  it('writes refused to the functions alone: the last pass in the log says so', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const denied = Object.assign(new Error('the role is not authorized to perform: dynamodb:PartiQLUpdate'), {
      name: 'AccessDeniedException',
    });
    const report = await world.pass(
      {},
      {
        disturb: async ({ operation, proceed }) => {
          if (/Update|Write|Execute/.test(operation)) throw denied;
          return proceed();
        },
      },
    );
    await world.messages();
    const timestamp = new Date(NOW).toISOString();
    const logs = await logsStub([{ ...report, message: 'inspection pass', timestamp }]);
    onTestFinished(logs.close);
    const options = ['--log-group', 'inspector'];
    const found = await explain(world, '1/1', options);
    expect(found).toMatchObject({ kind: 'writesRefused', level: 'stuck', code: 1 });
    expect(found.headline).toContain('not authorized to perform: dynamodb:PartiQLUpdate');
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '1' }]);
    expect(await explain(world, '1/1', options)).toMatchObject({ kind: 'inQueue', code: 0 });
  });
});

describe('explain', () => {
  it('leaves everything as it was', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const before = await world.items();
    for (const what of ['1', '1/1', 'segment/11', '2', '1/2']) await explain(world, what);
    expect(await world.items()).toEqual(before);
  });

  it('says what it did not read', async () => {
    const world = await embeddedWorld();
    await world.has(running());
    expect((await explain(world, '1')).notRead).toEqual([
      'the action log (no --log-group)',
      'the schedule of the inspector (no --schedule)',
      'the schedule of the checker (no --checker-schedule)',
      'the target segments (explain JOB/TASK reads those of a task)',
    ]);
  });

  it('takes over for a job what its task waits for: a message that is lost', async () => {
    const world = await embeddedWorld();
    await world.has(submitted(2, 2, { dueAt: NOW + HOUR }), task({ taskId: 1n, ...leased, targets: [11n] }));
    await world.has(task({ taskId: 2n, targets: [12n] }), segment(11n), segment(12n));
    await world.pass();
    await world.messages();
    world.clock.now += 5 * MINUTE;
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'messageLost', level: 'late', code: 1 });
    expect(found.headline).toContain('task 1/2');
    await execute(world, found);
    expect(await world.messages()).toMatchObject([{ taskId: '2' }]);
  });

  it('takes over for a job what its task cannot be published for: a target of another job', async () => {
    const world = await embeddedWorld();
    await world.has(submitted(1, 1, { dueAt: NOW + HOUR }), task({ targets: [11n] }));
    await world.has(segment(11n, 'Importing', { jobId: 2n }));
    const found = await explain(world, '1');
    expect(found).toMatchObject({ kind: 'foreign', level: 'stuck', code: 1 });
    await execute(world, found);
    expect(await world.job()).toMatchObject({ state: 'Failed' });
  });

  it('says who holds a lease, and when it was last renewed', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ state: 'InProgress', leaseExpiresAt: NOW + 8 * MINUTE }));
    const { lines } = await explain(world, '1/1');
    expect(lines.find(([title]) => title === 'lease')?.[1]).toBe(
      'held by datanode-1, ends 2026-11-22T12:23:50Z, in 8 min; last renewed 2 min ago',
    );
  });

  it('names the table that is not there', async () => {
    const world = await embeddedWorld();
    const elsewhere = { ...world, tables: { ...world.tables, jobs: 'nope' } };
    const { code, stderr } = await commandLine(['explain', '1', ...optionsOf(elsewhere)]);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('table nope') });
  });

  it('prints commands as this one was typed, and the AWS CLI with its profile and region', async () => {
    const world = await embeddedWorld();
    await disturbedClients().sqs.send(new DeleteQueueCommand({ QueueUrl: world.queueUrl }));
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const { remedy } = await explain(world, '1/1', ['--region', 'us-east-1'], {
      program: ['npx', 'copy-segment'],
    });
    const [create, inspect] = remedy.steps ?? [];
    expect(create?.command.slice(-2)).toEqual(['--region', 'us-east-1']);
    expect(inspect?.command.slice(0, 3)).toEqual(['npx', 'copy-segment', 'inspect']);
    const npx = { npm_command: 'exec' };
    expect(programOf(['node', '/usr/bin/copy-segment'], {})).toEqual(['copy-segment']);
    expect(programOf(['node', '/a/node_modules/.bin/copy-segment'], npx)).toEqual(['npx', 'copy-segment']);
    expect(programOf(['node', '/a/cli/copy-segment.cjs'], {})).toEqual(['npx', 'copy-segment']);
  });

  it('ends with 2 for what is neither a job, a task nor a segment', async () => {
    const world = await embeddedWorld();
    for (const what of ['x', '1/2/3', 'segment/x', '0', '']) {
      const { code } = await commandLine(['explain', what, ...optionsOf(world)]);
      expect(code).toBe(2);
    }
  });

  it('fits into 80 columns, and shows the whole command', async () => {
    const world = await embeddedWorld();
    await world.has(running(), task({ targets: [11n] }), segment(11n));
    const { stdout, stderr } = await commandLine(['explain', '1/1', ...optionsOf(world)], {
      now: () => world.clock.now,
    });
    const shown = stdout.replace(/ \\\n\s+/g, ' ');
    expect(shown).toContain(`DO  copy-segment inspect --local --jobs 1 --jobs-table ${world.tables.jobs}`);
    expect(shown).toContain(`--queue-url ${world.queueUrl}`);
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes(world.queueUrl))).toEqual(
      [],
    );
    expect(stderr).toMatch(/^\d+ requests, [\d.]+ read units, [\d.]+ write units\n$/);
  });
});
