import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogStream } from '../cli/action-log/log-stream.ts';
import { createOperatorLog } from '../cli/action-log/operator-log.ts';
import { lazyClients } from '../cli/connection/lazy-clients.ts';
import { createMeter } from '../functions/aws/metered-clients.ts';
import { HOUR, job, leased, NOW, segment, task } from './support/builders.ts';
import { commandOn } from './support/command-in-process.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { logsStub } from './support/logs-stub.ts';
import { Refusal } from './support/service-stub.ts';

const LOG = ['--log-group', 'inspections'];
const deny = (): never => {
  throw new Refusal('AccessDeniedException', 'not authorized to perform logs:PutLogEvents');
};

async function loggedWorld(options: Parameters<typeof logsStub>[1] = {}) {
  const world = await embeddedWorld();
  await world.has(job({ dueAt: NOW + HOUR }), task({ ...leased, targets: [11n] }), segment(11n));
  const log = await logsStub([], options);
  onTestFinished(log.close);
  const run = (...args: readonly string[]) => commandOn(world, [...args, ...LOG]);
  return { world, log, run };
}

describe('what an operator changes', () => {
  it('is a line in the log of the stack, like those of functions, with who made it', async () => {
    const { log, run } = await loggedWorld();
    expect((await run('release', '1/1', '--who', 'ada', '--yes')).code).toBe(0);
    expect(log.lines()).toEqual([
      {
        group: 'inspections',
        level: 'INFO',
        message: 'changed',
        service: 'copy-segment-cli',
        timestamp: '2026-11-22T12:15:50.245Z',
        who: 'ada',
        passId: expect.stringMatching(/^[\da-f-]{36}$/),
        what: 'released',
        table: 'tasks',
        jobId: '1',
        taskId: '1',
        before: { state: 'InProgress', taskVersion: 1, leaseExpiresAt: NOW + HOUR / 6 },
        after: {
          state: 'Pending',
          taskVersion: 2,
          enqueueCount: 0,
          dueAt: NOW,
          nodeId: null,
          leaseExpiresAt: null,
        },
        because: 'taken from datanode-1',
      },
    ]);
    expect(log.puts).toMatchObject([
      {
        logGroupName: 'inspections',
        logStreamName: expect.stringMatching(/^operator\/2026-11-22\/ada\/[\da-f-]{36}$/),
      },
    ]);
  });

  it.each([
    [['cancel', '1'], ['failed 1']],
    [['requeue', '1/1'], []],
    [['release', '1/1'], ['released 1/1']],
    [
      ['fail', '1/1', '--reason', 'a file is lost'],
      ['failed 1/1', 'marked 1'],
    ],
    [
      ['forget', '1'],
      ['forgotten 1', 'forgotten 1/1'],
    ],
  ] as const)('%j: %j', async ([...args], lines) => {
    const { log, run } = await loggedWorld();
    await run(...args, '--who', 'ada', '--yes');
    const found = log.lines().map(({ what, jobId, taskId, who }) => {
      expect(who).toBe('ada');
      return `${what} ${[jobId, taskId].filter(Boolean).join('/')}`;
    });
    expect(found).toEqual(lines);
  });

  it('is shown by log and counted by explain, beside what functions did', async () => {
    const { run } = await loggedWorld();
    await run('fail', '1/1', '--reason', 'a file is lost', '--who', 'ada', '--yes');
    const { stdout } = await run('log', '--job', '1');
    expect(stdout).toBe(
      [
        '2026-11-22T12:15:50Z  failed      1/1  InProgress → Failed  failed by ada: a file is lost',
        '2026-11-22T12:15:50Z  marked      1  Executing  by ada: there is news for the checker\n',
      ].join('\n'),
    );
    expect((await run('explain', '1/1')).stdout).toMatch(/^history +1 failed by ada, in 24 h$/m);
  });

  it('has no line if nothing was changed: not agreed to, or somebody was quicker', async () => {
    const { world, log, run } = await loggedWorld();
    await run('release', '1/1');
    await commandOn(world, ['release', '1/1', ...LOG], {
      async answer() {
        await world.has(task({ state: 'Completed', targets: [11n] }));
        return true;
      },
    });
    expect(log.lines()).toEqual([]);
  });

  it('stands if the log refuses, and is told on standard error, once', async () => {
    const { world, run } = await loggedWorld({ before: deny });
    const { code, stdout, stderr } = await run('fail', '1/1', '--reason', 'lost', '--who', 'ada', '--yes');
    expect(await world.task()).toMatchObject({ state: 'Failed' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Task 1/1 is Failed') });
    const [told, ...lines] = stderr.trimEnd().split('\n').slice(0, -1);
    expect(told).toMatch(
      /^The log inspections did not take 2 lines of what was changed \(.*AccessDeniedException.*\):$/,
    );
    expect(lines.map((line) => JSON.parse(line).what)).toEqual(['failed', 'marked']);
  });

  it('without a log is a line on standard error for a program, and nothing more for a person', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task(leased), task({ ...leased, taskId: 2n }));
    const ofPerson = await commandOn(world, ['release', '1/1', '--yes'], { width: 80 });
    expect(ofPerson.stderr).toMatch(/^\d+ requests?, .*\n$/);
    const { stdout, stderr } = await commandOn(world, ['release', '1/2', '--yes', '--json', '--who', 'ada']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'done' });
    const [line] = stderr.split('\n');
    expect(JSON.parse(line as string)).toMatchObject({ what: 'released', taskId: '2', who: 'ada' });
  });
});

describe('passes that the command line makes itself', () => {
  it('have a line per change, under the id that their report has', async () => {
    const { world, log, run } = await loggedWorld();
    await world.has(task({ state: 'Failed', reason: 'disk full', targets: [11n] }));
    const { stdout } = await run('inspect', '--local', '--json', '--yes');
    const { passId } = JSON.parse(stdout).report ?? JSON.parse(stdout);
    expect(
      log
        .lines()
        .map(({ what }) => what)
        .sort(),
    ).toEqual(['dropped', 'marked', 'settled']);
    for (const line of log.lines()) expect(line).toMatchObject({ passId, service: 'copy-segment-cli' });
  });

  it('of checks likewise', async () => {
    const { world, log, run } = await loggedWorld();
    await world.has(
      job({ dueAt: NOW, totalTasks: 1, totalSegments: 1 }),
      task({ state: 'Failed', reason: 'disk full', dueAt: NOW + HOUR }),
    );
    await run('check', '--local');
    expect(log.lines()).toMatchObject([{ what: 'failed', table: 'jobs', jobId: '1' }]);
  });

  it.each([['inspect'], ['check'], ['recover']])('have none in a dry run: %s', async (mode) => {
    const { world, log, run } = await loggedWorld();
    await world.has(job({ dueAt: NOW }), task({ state: 'Failed', targets: [11n] }));
    expect((await run(mode, '--dry-run')).stdout).toMatch(/task 1\/1|job 1/);
    expect(log.lines()).toEqual([]);
  });
});

describe('a command that writes many new items', () => {
  it('load: has one line, which says how many, from where, and over what', async () => {
    const { world, log } = await loggedWorld();
    const input =
      '{"table":"jobs","item":{"jobId":{"N":"8"}}}\n{"table":"jobs","item":{"jobId":{"N":"9"}}}\n';
    const load = (...args: string[]) => commandOn(world, ['load', '-', ...args, ...LOG], { input });
    await load();
    await load();
    await load('--overwrite', '--yes');
    expect(log.lines()).toMatchObject([
      { what: 'loaded', table: 'all', after: { items: 2 }, because: '2 items from standard input' },
      { what: 'loaded', because: '2 items from standard input, over what was there' },
    ]);
    const { stdout } = await commandOn(world, ['log', ...LOG]);
    expect(stdout).toMatch(/^2026-11-22T12:15:50Z {2}loaded {6}all {2}by .+: 2 items from standard input$/m);
  });

  it('load: has it also if the load ended with an error, of what was written before', async () => {
    const { world, log } = await loggedWorld();
    const lines = Array.from({ length: 60 }, (_, n) => `{"table":"jobs","item":{"jobId":{"N":"${n + 10}"}}}`);
    const input = [...lines, 'nonsense', ''].join('\n');
    expect((await commandOn(world, ['load', '-', ...LOG], { input })).code).toBe(2);
    const { jobs } = await world.items();
    expect(jobs).toHaveLength(51);
    expect(log.lines()).toMatchObject([
      { after: { items: 50 }, because: 'at least 50 items from standard input' },
    ]);
  });

  it('submit: has one line, in the history of its job', async () => {
    const { world, log, run } = await loggedWorld();
    const folder = await mkdtemp(join(tmpdir(), 'submit-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'restore.ndjson');
    const lines = [
      '{"job":{"jobId":"5","collectionId":"7"}}',
      '{"mapping":{"sourceSegmentId":"51","targetSegmentId":"61","partitionId":"3","numOfRows":"1"}}',
    ];
    await writeFile(file, lines.join('\n'));
    expect((await commandOn(world, ['submit', file, ...LOG])).code).toBe(0);
    expect(log.lines()).toMatchObject([
      { what: 'submitted', table: 'jobs', jobId: '5', after: { totalTasks: 1, totalSegments: 1 } },
    ]);
    expect((await run('log', '--job', '5')).stdout).toContain('1 segment in 1 task from restore.ndjson');
  });
});

describe('lines on their way to the log', () => {
  it('go in batches within the limits of CloudWatch, in the order of time', async () => {
    const log = await logsStub([]);
    onTestFinished(log.close);
    const { aws, destroy } = lazyClients({ region: 'us-east-1' }, createMeter());
    onTestFinished(destroy);
    const stream = createLogStream({
      client: aws.logs,
      group: 'g',
      name: 's',
      async onRefused(_, reason) {
        throw new Error(reason);
      },
    });
    const add = (n: number, size: number): void =>
      stream.add({
        timestamp: NOW - (n % 2),
        message: JSON.stringify({ n, timestamp: '2026-11-22T12:15:50Z', pad: 'ü'.repeat(size) }),
      });
    for (let n = 0; n < 10_001; n++) add(n, 1);
    for (let n = 10_001; n < 10_101; n++) add(n, 10_000);
    await stream.end();
    expect(log.puts.length).toBeGreaterThan(2);
    expect(new Set(log.lines().map(({ n }) => n)).size).toBe(10_101);
  });

  it('are not held back for longer than two seconds of changes', async () => {
    const log = await logsStub([]);
    onTestFinished(log.close);
    const { aws, destroy } = lazyClients({ region: 'us-east-1' }, createMeter());
    onTestFinished(destroy);
    const clock = { now: NOW };
    const operatorLog = createOperatorLog({
      connection: { aws, inspector: { logGroupName: 'g' }, checker: {} },
      who: 'ada: *the* first',
      now: () => clock.now,
      isJson: false,
      err: { screen: { isTerminal: false, width: 80, maxLines: 30 }, write: async () => {} },
    });
    const note = () =>
      operatorLog.whole({ what: 'loaded', table: 'all', after: {}, because: 'one item from a file' });
    note();
    clock.now += 3_000;
    note();
    await operatorLog.end();
    expect(log.puts.map(({ logEvents }) => logEvents.length)).toEqual([1, 1]);
    expect(log.puts[0]?.logStreamName).toMatch(/^operator\/2026-11-22\/ada-the-first\//);
  });
});
