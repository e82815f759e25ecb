import { describe, expect, it, onTestFinished } from 'vitest';
import { createActionLog } from '../functions/pass/action-log.ts';
import { HOUR, job, MINUTE, segment, task } from './support/builders.ts';
import { commandLine, commandOn } from './support/command-in-process.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { logsStub } from './support/logs-stub.ts';

const GROUPS = ['--log-group', 'inspections', '--checker-log-group', 'checks'];

/** A world after a pass that sent a task and dropped what another one had copied, and its log. */
async function loggedWorld() {
  const world = await embeddedWorld();
  await world.has(job(), task({ taskId: 1n, targets: [11n] }), segment(11n));
  await world.has(task({ taskId: 2n, state: 'Failed', reason: 'disk full', targets: [21n] }), segment(21n));
  let text = '';
  const write = createActionLog('copy-segment-inspector', 'pass-1', (lines) => {
    text += lines;
  });
  await world.pass({}, { onChange: (change, outcome) => write(change, outcome.kind) });
  await Promise.resolve();
  const lines = text
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), timestamp: new Date(world.clock.now).toISOString() }));
  const stub = await logsStub(lines);
  onTestFinished(stub.close);
  return { world, stub };
}

describe('log', () => {
  it('says who dropped a segment, when and why', async () => {
    const { world, stub } = await loggedWorld();
    const { code, stdout } = await commandOn(world, ['log', '--segment', '21', ...GROUPS]);
    expect(stdout).toBe(
      '2026-11-22T12:15:50Z  dropped     segment 21  Importing → Dropped  copy segment task 2 failed: disk full\n',
    );
    expect(stub.queries).toMatchObject([{ logGroupNames: ['inspections', 'checks'] }]);
    expect(code).toBe(0);
  });

  it('of a job is every change on its behalf, oldest first; of a task those of the task', async () => {
    const { world } = await loggedWorld();
    const whatOf = async (...args: readonly string[]) => {
      const { stdout } = await commandOn(world, ['log', ...args, '--json', ...GROUPS]);
      return JSON.parse(stdout).changes.map(({ what }: { what: string }) => what);
    };
    expect((await whatOf('--job', '1')).sort()).toEqual(['dropped', 'enqueued', 'settled']);
    expect(await whatOf('--job', '1/1')).toEqual(['enqueued']);
    expect(await whatOf('--job', '7')).toEqual([]);
  });

  it('--since is how far back it looks', async () => {
    const { world } = await loggedWorld();
    world.clock.now += 2 * HOUR;
    const { stdout } = await commandOn(world, ['log', ...GROUPS]);
    expect(stdout).toBe('Nothing was changed in that time.\n');
    expect((await commandOn(world, ['log', '--since', '3h', ...GROUPS])).stdout).toContain('dropped');
  });

  it('on a terminal it is one screen of 80 columns, the last changes, unless all are asked for', async () => {
    const at = (n: number) => ({
      message: 'changed',
      timestamp: new Date(Date.now() - HOUR / 2 + (n * MINUTE) / 10).toISOString(),
      what: 'enqueued',
      table: 'tasks',
      jobId: '1',
      taskId: String(n),
      before: { state: 'Pending' },
      after: {},
      because: 'the task is Pending, its job is Executing, and so on',
    });
    const stub = await logsStub(Array.from({ length: 60 }, (_, n) => at(n)));
    onTestFinished(stub.close);
    const shown = async (...args: readonly string[]) => {
      const options = ['--jobs-table', 'a', '--tasks-table', 'b', '--segments-table', 'c', ...GROUPS];
      return (await commandLine(['log', ...args, ...options], { width: 80 })).stdout.trimEnd().split('\n');
    };
    const lines = await shown();
    expect(lines).toHaveLength(31);
    expect(lines[0]).toBe('… and more before: --all');
    expect(lines.at(-1)).toContain('1/59');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(await shown('--all')).toHaveLength(60);
  });

  it.each([
    [['--since', 'yesterday'], /It must be a time such as/],
    [['--job', 'x'], /It must be JOB or JOB\/TASK/],
    [['--segment', '0'], /It must be a segment id/],
  ])('%j ends with 2', async (args, message) => {
    const { code, stderr } = await commandLine(['log', ...args, ...GROUPS]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('without a log it asks which one', async () => {
    const world = await embeddedWorld();
    const { code, stderr } = await commandOn(world, ['log']);
    expect(stderr).toMatch(/^Which log\?/);
    expect(code).toBe(2);
  });
});

describe('the history that explain shows', () => {
  it('counts what was done about a task', async () => {
    const { world } = await loggedWorld();
    const { stdout } = await commandOn(world, ['explain', '1/1', ...GROUPS]);
    expect(stdout).toMatch(/^history +1 enqueued, in 24 h$/m);
  });
});
