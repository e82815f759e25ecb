import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createActionLog } from '../functions/pass/action-log.ts';
import { HOUR, job, MINUTE, NOW, segment, task } from './support/builders.ts';
import { commandLine, commandOn } from './support/command-in-process.ts';
import { embeddedWorld } from './support/embedded-world.ts';
import { type Line, type LogsStubOptions, logsStub } from './support/logs-stub.ts';
import { accessDenied, Refusal, serviceStub } from './support/service-stub.ts';

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

describe('an emulator of Logs Insights that answers with every line there is', () => {
  const answering = async () => {
    const { world } = await loggedWorld();
    const fields = [{ field: '@message', value: 'START RequestId: 1 Version: $LATEST' }];
    const emulator = await serviceStub('CLOUDWATCH_LOGS', {
      StartQuery: () => ({ queryId: '1' }),
      GetQueryResults: () => ({ status: 'Complete', results: [fields] }),
    });
    onTestFinished(emulator.close);
    return world;
  };

  it('is not shown as changes', async () => {
    const { stdout } = await commandOn(await answering(), ['log', ...GROUPS]);
    expect(stdout).toBe('Nothing was changed in that time.\n');
  });

  it('hides no change behind its last lines', async () => {
    const { world } = await loggedWorld();
    const at = new Date(NOW - MINUTE).toISOString();
    const change = { message: 'changed', timestamp: at, what: 'dropped', table: 'segments', segmentId: '21' };
    const rows = [
      ...Array.from({ length: 100 }, () => 'END RequestId: 1'),
      JSON.stringify({ ...change, before: {}, after: {}, because: 'the task failed' }),
    ].map((value) => [{ field: '@message', value }]);
    let limit = 0;
    const emulator = await serviceStub('CLOUDWATCH_LOGS', {
      StartQuery({ queryString }) {
        limit = Number(/limit (\d+)/.exec(queryString)?.[1]);
        return { queryId: '1' };
      },
      GetQueryResults: () => ({ status: 'Complete', results: rows.slice(0, limit) }),
    });
    onTestFinished(emulator.close);
    const { stdout } = await commandOn(world, ['log', ...GROUPS], { width: 80 });
    expect(stdout).toMatch(/dropped {5}segment 21 {2}the task failed\n$/);
  });

  it('is no history', async () => {
    const { stdout } = await commandOn(await answering(), ['explain', '1/1', ...GROUPS]);
    expect(stdout).toMatch(/^not read +the action log \(Error: Logs Insights answered without counts\)/m);
    expect(stdout).not.toMatch(/^history/m);
  });
});

describe('the history that explain shows', () => {
  it('counts what was done about a task', async () => {
    const { world } = await loggedWorld();
    const { stdout } = await commandOn(world, ['explain', '1/1', ...GROUPS]);
    expect(stdout).toMatch(/^history +1 enqueued, in 24 h$/m);
  });
});

describe('log --follow', () => {
  const NAMED = ['--jobs-table', 'a', '--tasks-table', 'b', '--segments-table', 'c', ...GROUPS];
  const change = (taskId: number, at: number, jobId = '1'): Line => ({
    message: 'changed',
    timestamp: new Date(at).toISOString(),
    service: 'copy-segment-inspector',
    passId: 'pass-1',
    what: 'enqueued',
    table: 'tasks',
    jobId,
    taskId: String(taskId),
    before: { state: 'Pending' },
    after: {},
    because: 'the task is Pending',
  });
  const tasksOf = (stdout: string) => [...stdout.matchAll(/ 1\/(\d+) /g)].map(([, taskId]) => Number(taskId));

  /** What happens to a log that is followed. */
  interface Following extends LogsStubOptions {
    readonly args?: readonly string[];
    readonly lines?: Line[];
    /** At the end of the nth wait, which is at so many milliseconds. */
    readonly at?: (wait: number, now: number) => void;
    /** Ctrl-C comes at the end of this wait. */
    readonly waits: number;
    /** How long a wait takes, whatever it was to take. */
    readonly waitMs?: number;
  }

  async function followed({ args = [], lines = [], at = () => {}, waits, waitMs, ...options }: Following) {
    const stub = await logsStub(lines, options);
    onTestFinished(stub.close);
    const stop = new AbortController();
    const waited: number[] = [];
    let now = NOW;
    const ended = await commandLine(['log', '--follow', ...args, ...NAMED], {
      now: () => now,
      signal: stop.signal,
      sleep(ms) {
        waited.push(ms);
        now += waitMs ?? ms;
        at(waited.length, now);
        if (waited.length === waits) stop.abort();
      },
    });
    return { ...ended, waited, queries: stub.queries };
  }

  it('shows what was changed before, then each new change once, and ends with 0 on Ctrl-C', async () => {
    const lines = [change(1, NOW - 10_000)];
    const { code, stdout } = await followed({
      lines,
      at(wait, now) {
        // Two in the same millisecond; one that CloudWatch shows half a minute late; then nothing for long.
        if (wait === 1) lines.push(change(2, now - 1_000), change(3, now - 1_000));
        if (wait === 2) lines.push(change(4, now - 30_000));
      },
      waits: 30,
    });
    expect(tasksOf(stdout).sort()).toEqual([1, 2, 3, 4]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(code).toBe(0);
  });

  it('asks every five seconds, and for the last minute only: a query costs by what it scans', async () => {
    const { waited, queries } = await followed({ waits: 3 });
    expect(waited).toEqual([5_000, 5_000, 5_000]);
    const [first = 0, ...later] = queries.map(({ startTime, endTime }) => endTime - startTime);
    expect(first).toBeGreaterThanOrEqual(3_600);
    expect(Math.max(...later)).toBeLessThanOrEqual(67);
  });

  it('--json is one change per line', async () => {
    const lines = [change(1, NOW - 1_000), change(2, NOW - 500)];
    const { stdout } = await followed({ lines, args: ['--json'], waits: 1 });
    const changes = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(changes).toMatchObject([{ taskId: '1', what: 'enqueued' }, { taskId: '2' }]);
  });

  it('goes on when CloudWatch has too many queries, says so once, and misses nothing', async () => {
    // The SDK's own retries wait for real.
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const lines = [change(1, NOW - 1_000)];
    let isBusy = false;
    const { code, stdout, stderr } = await followed({
      lines,
      before(operation) {
        if (isBusy && operation === 'StartQuery')
          throw new Refusal('LimitExceededException', 'Account maximum query concurrency limit reached.');
      },
      at(wait, now) {
        if (wait === 1) lines.push(change(2, now - 40_000));
        isBusy = wait < 4;
      },
      waits: 6,
      waitMs: 45_000,
    });
    expect(tasksOf(stdout)).toEqual([1, 2]);
    expect(stderr.match(/is asked again: LimitExceededException/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('ends with 3 when it may no longer read the log, after what it has shown', async () => {
    let isAllowed = true;
    const { code, stdout, stderr } = await followed({
      lines: [change(1, NOW - 1_000)],
      before() {
        if (!isAllowed) throw accessDenied('logs:StartQuery');
      },
      at() {
        isAllowed = false;
      },
      waits: 10,
    });
    expect(tasksOf(stdout)).toEqual([1]);
    expect(stderr).toContain('not authorized to perform: logs:StartQuery');
    expect(code).toBe(3);
  });

  it('ends with 0 on Ctrl-C while a query is under way', async () => {
    const stop = new AbortController();
    const stub = await logsStub([], {
      before(operation) {
        if (operation === 'GetQueryResults') stop.abort();
      },
    });
    onTestFinished(stub.close);
    expect((await commandLine(['log', '--follow', ...NAMED], { signal: stop.signal })).code).toBe(0);
  });
});
