import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { NoEmbeddedEngineError, startEmbeddedDynamoDB } from '../engines/embedded-dynamodb.ts';
import { startEngines } from '../engines/start-engines.ts';

const START = join(import.meta.dirname, '../cli/start.ts');
const SAMPLE = join(import.meta.dirname, '../cli/demo/restore.ndjson');

/** Runs the command as `npm start` does. */
async function start(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [START, ...args], {
      maxBuffer: 2 ** 26,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Processes that have this one among their ancestors' process groups are told by what they run and who began them. */
async function enginesStartedBy(pid: number | undefined): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (environment.includes(`STARTED_FOR_TEST=${pid}`) && /dynoxide|start\.ts/.test(command))
      found.push(command);
  }
  return found;
}

describe('npm start', () => {
  it('makes passes over the sample until nothing is due, and shows what happened', async () => {
    const { code, stdout, stderr } = await start();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const title of [
      'Jobs',
      'Tasks of job',
      'Target segments',
      'Scheduler queue 9 messages',
      'What it cost',
    ])
      expect(stdout).toContain(title);
    expect(stdout).toContain('orphan: the task is Pending, its job is missing');
    expect(stdout).toContain('Importing → Dropped');
  });

  it('--json prints one document: reports, verdicts, messages, tables before and after', async () => {
    const { code, stdout } = await start('--json');
    const { passes, verdicts, messages, tables } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(passes.at(-1)).toMatchObject({ complete: true, read: { dueTasks: 0, dueJobs: 0 } });
    expect(new Set(verdicts.map(({ kind }: { kind: string }) => kind))).toEqual(
      new Set(['enqueue', 'release', 'fail', 'drop', 'rest', 'orphan', 'dropAll']),
    );
    expect(messages).toHaveLength(9);
    expect(tables.before.tasks).toHaveLength(40);
    expect(tables.after.tasks[0].taskId).toMatch(/^\d{18}$/);
    const states = tables.after.segments.map(({ state }: { state: string }) => state);
    expect(states.filter((state: string) => state === 'Dropped')).toHaveLength(30);
  });

  it('--recover begins with a recovery: what is in progress is enqueued too', async () => {
    const { stdout } = await start('--recover', '--json');
    const { passes, messages } = JSON.parse(stdout);
    expect(passes[0].mode).toBe('recover');
    expect(messages.filter(({ reason }: { reason: string }) => reason === 'recovery')).toHaveLength(3);
  });

  it('--dry-run writes nothing', async () => {
    const { stdout } = await start('--dry-run', '--json');
    const { passes, messages, tables } = JSON.parse(stdout);
    expect(passes).toHaveLength(1);
    expect(passes[0]).toMatchObject({ dryRun: true, segments: { dropped: 29 } });
    expect(messages).toEqual([]);
    expect(tables.after).toEqual(tables.before);
  });

  it('--file loads a restore of one’s own', async () => {
    const { code, stdout } = await start('--file', SAMPLE, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).tables.before.jobs).toHaveLength(4);
  });
});

describe('a restore that cannot be loaded', () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('names the line and the reason, and loads nothing', async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-'));
    const file = join(folder, 'broken.ndjson');
    await writeFile(
      file,
      '{"job":{"jobId":"1","collectionId":"7","state":"Executing"}}\n{"task":{"jobId":"1"}}\n',
    );
    const { code, stdout, stderr } = await start('--file', file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /broken\.ndjson: nothing was loaded\nline 2: taskId is missing; collectionId is missing; state is missing/,
    );
  });

  it('names a file that is not there', async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-'));
    const { code, stderr } = await start('--file', join(folder, 'none.ndjson'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/none\.ndjson cannot be read \(ENOENT\); --file names a restore/);
  });
});

describe('a command line that makes no sense', () => {
  it.each([
    [['--watch', 'often'], /--watch.*It is a time such as 2s, 500ms or 1m/],
    [['--verbose'], /unknown option '--verbose'/],
    [['restore.ndjson'], /too many arguments/],
  ])('%o is refused with what it takes', async (args, message) => {
    const { code, stderr } = await start(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--dry-run');
  });
});

describe.runIf(process.platform === 'linux')('ending it', () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  async function watch(marker: number): Promise<{ child: ChildProcess; lines: string[] }> {
    const child = spawn(process.execPath, [START, '--watch', '100ms', '--json'], {
      env: { ...process.env, STARTED_FOR_TEST: String(marker) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(child);
    const lines: string[] = [];
    createInterface(child.stdout as NonNullable<typeof child.stdout>).on('line', (line) => lines.push(line));
    while (lines.length < 3) await sleep(20);
    return { child, lines };
  }

  async function none(marker: number): Promise<boolean> {
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await enginesStartedBy(marker)).length === 0) return true;
      await sleep(50);
    }
    return false;
  }

  it('--watch makes a pass every interval until Ctrl-C, which ends it cleanly and leaves no process', async () => {
    const marker = process.pid * 10 + 1;
    const { child, lines } = await watch(marker);
    expect(await enginesStartedBy(marker)).not.toEqual([]);
    expect(lines.map((line) => JSON.parse(line).mode)).toEqual(lines.map(() => 'inspect'));
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(await none(marker)).toBe(true);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves no process when npm alone gets a %s', async (signal) => {
    const marker = process.pid * 10 + (signal === 'SIGINT' ? 3 : 4);
    const child = spawn('npm', ['start', '--silent', '--', '--watch', '100ms', '--json'], {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, STARTED_FOR_TEST: String(marker) },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    running.push(child);
    let lines = 0;
    createInterface(child.stdout as NonNullable<typeof child.stdout>).on('line', () => lines++);
    while (lines < 3) await sleep(20);
    child.kill(signal);
    expect(await none(marker)).toBe(true);
  });

  it('leaves no process when it is killed', async () => {
    const marker = process.pid * 10 + 2;
    const { child } = await watch(marker);
    expect(await enginesStartedBy(marker)).not.toEqual([]);
    child.kill('SIGKILL');
    expect(await none(marker)).toBe(true);
  });
});

describe('a platform without the embedded engine', () => {
  const { platform } = process;
  afterEach(() => Object.defineProperty(process, 'platform', { value: platform }));

  it('is told in one sentence what to set instead', async () => {
    Object.defineProperty(process, 'platform', { value: 'sunos' });
    await expect(startEmbeddedDynamoDB()).rejects.toThrow(NoEmbeddedEngineError);
    await expect(startEmbeddedDynamoDB()).rejects.toThrow(
      /^There is no embedded DynamoDB for sunos-\w+: set AWS_ENDPOINT_URL_DYNAMODB to a DynamoDB endpoint[^.]*[^!?]*\.$/,
    );
  });

  it('starts no engine where an endpoint is set', async () => {
    Object.defineProperty(process, 'platform', { value: 'sunos' });
    const elsewhere = {
      AWS_ENDPOINT_URL_DYNAMODB: inject('dynamoEndpoint'),
      AWS_ENDPOINT_URL_SQS: inject('sqsEndpoint'),
    };
    const engines = await startEngines(elsewhere);
    expect(engines.dynamo.endpoint).toBe(elsewhere.AWS_ENDPOINT_URL_DYNAMODB);
    expect(engines.sqs.endpoint).toBe(elsewhere.AWS_ENDPOINT_URL_SQS);
    await engines.stop();
  });
});
