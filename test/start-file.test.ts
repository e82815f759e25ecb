import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { NoEmbeddedEngineError, startEmbeddedDynamoDB } from '../engines/embedded-dynamodb.ts';
import { startEngines } from '../engines/start-engines.ts';
import {
  end,
  PROJECT,
  SAMPLE,
  start,
  startInTerminal,
  terminal,
  WITH_SAMPLE,
} from './support/command-line.ts';
import { endpointInBetween } from './support/endpoint-in-between.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fileOf = async (name: string, content: string | Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

const ESCAPE = String.fromCharCode(0x1b);

describe('npm start -- --file', () => {
  it('makes passes over the sample until nothing is due, and shows what happened', async () => {
    const { code, stdout, stderr } = await start(WITH_SAMPLE);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Loaded 4 jobs, 40 tasks, 102 segments from cli\/demo\/restore\.ndjson\.\n\nTIME +MODE +SENT/,
    );
    expect(stdout).toMatch(/inspect +9 +2 +29 +6 +3 .*\n.* inspect +0 +0 +0 +0 +0 /);
    expect(stdout).toMatch(/orphan +6h +the task is Pending, its job is missing/);
    expect(stdout).toMatch(/ 20 {2}copy segment job 455338912774914130 failed: timed out after 6 h/);
    expect(stdout).toContain('2 passes; 9 messages in the queue: 7 pending, 2 lease-expired.');
  });

  it('writes plain text into a pipe: whole ids, nothing cut, a line for each task', async () => {
    const { stdout } = await start(WITH_SAMPLE);
    expect(stdout).not.toMatch(/…|\r/);
    expect(stdout).not.toContain(ESCAPE);
    const line = stdout.split('\n').filter((text) => text.startsWith('455338912774914111 '));
    expect(line).toEqual([
      expect.stringMatching(/455338912774914050 .*release .*the lease ran out at 2026-11-21T11/),
    ]);
  });

  it.runIf(process.platform === 'linux')('fits a terminal of 80 columns, on two screens', async () => {
    const { code, stdout } = await startInTerminal(WITH_SAMPLE);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(stdout).toContain('…4050 is 455338912774914050');
  });

  it('--json prints one document: tables before and after, the events and the report of each pass, messages', async () => {
    const { code, stdout } = await start([...WITH_SAMPLE, '--json']);
    const { before, passes, messages, after } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(passes.at(-1).report).toMatchObject({ complete: true, read: { dueTasks: 0, dueJobs: 0 } });
    const kinds = passes.flatMap(({ events }: { events: { verdict?: { kind: string } }[] }) =>
      events.flatMap(({ verdict }) => verdict?.kind ?? []),
    );
    expect(new Set(kinds)).toEqual(
      new Set(['enqueue', 'release', 'fail', 'drop', 'rest', 'orphan', 'dropAll']),
    );
    expect(messages).toHaveLength(9);
    expect(before.tasks).toHaveLength(40);
    expect(after.tasks[0].taskId).toMatch(/^\d{18}$/);
    const states = after.segments.map(({ state }: { state: string }) => state);
    expect(states.filter((state: string) => state === 'Dropped')).toHaveLength(30);
  });

  it('--recover begins with a recovery: what is in progress is enqueued as well', async () => {
    const { stdout } = await start([...WITH_SAMPLE, '--recover', '--json']);
    const { passes, messages } = JSON.parse(stdout);
    expect(passes[0].report.mode).toBe('recover');
    expect(messages.filter(({ reason }: { reason: string }) => reason === 'recovery')).toHaveLength(3);
  });

  describe('--dry-run', () => {
    it('makes one pass and writes nothing', async () => {
      const { stdout } = await start([...WITH_SAMPLE, '--dry-run', '--json']);
      const { before, passes, messages, after } = JSON.parse(stdout);
      expect(passes).toHaveLength(1);
      expect(passes[0].report).toMatchObject({ dryRun: true, segments: { dropped: 29 } });
      expect(messages).toEqual([]);
      expect(after).toEqual(before);
    });

    it('shows the state that each task would have, each segment it would drop, each message it would send', async () => {
      const { code, stdout } = await start([...WITH_SAMPLE, '--dry-run']);
      expect(code).toBe(0);
      const lines = stdout.split('\n');
      const about = (id: string) =>
        lines.filter((line) => line.startsWith(id)).map((line) => line.split(/ {2,}/));
      // Released: Pending, due by backoff, sent with its next version. Then a failed one, and one of a missing job.
      expect(about('455338912774914115')).toEqual([
        [
          '455338912774914115',
          '455338912774914050',
          'release',
          'Pending',
          '15m',
          expect.stringMatching(/^the lease/),
        ],
        ['455338912774914115', '455338912774914050', '6', '1', 'lease-expired'],
      ]);
      expect(about('455338912774914119')).toEqual([
        ['455338912774914119', '455338912774914050', 'fail', 'Failed', '-', 'lease lost 10 times'],
      ]);
      expect(about('455338912774914192')).toEqual([
        [
          '455338912774914192',
          '455338912774914191',
          'orphan',
          'Pending',
          '6h',
          expect.stringMatching(/missing$/),
        ],
      ]);
      expect(about('455338912774914132')).toEqual([
        ['455338912774914132', 'Flushed', 'copy segment job 455338912774914130 failed: timed out after 6 h'],
      ]);
      const rowsOf = (title: string) => {
        const from = lines.findIndex((line) => line.startsWith(title)) + 1;
        return lines.slice(from, lines.indexOf('', from));
      };
      expect(rowsOf('DROP SEGMENT')).toHaveLength(29);
      expect(rowsOf('SEND TASK')).toHaveLength(9);
      expect(lines.at(-2)).toBe('A dry run: nothing of this was done.');
    });

    it('is what the next pass then does', async () => {
      type Event = {
        change?: { table: string; key: object };
        outcome?: { kind: string };
        message?: { taskId: string };
      };
      const doneBy = async (...args: string[]) => {
        const { passes } = JSON.parse((await start([...WITH_SAMPLE, ...args, '--json'])).stdout);
        const events: Event[] = passes[0].events;
        return {
          changed: new Set(
            // The pass finds out by a refusal what a dry run reads.
            events.flatMap(({ change, outcome }) =>
              change && outcome?.kind !== 'conditionFailed' ? JSON.stringify([change.table, change.key]) : [],
            ),
          ),
          sent: new Set(events.flatMap(({ message }) => message?.taskId ?? [])),
        };
      };
      const planned = await doneBy('--dry-run');
      expect(planned.changed.size).toBeGreaterThan(40);
      expect(planned).toEqual(await doneBy());
    });

    it.runIf(process.platform === 'linux')('fits a terminal of 80 columns', async () => {
      const { stdout } = await startInTerminal([...WITH_SAMPLE, '--dry-run']);
      expect(stdout).toMatch(/^…4120 +Importing +copy segment task …4119 failed: lease lost 10 times$/m);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    });
  });
});

describe('--file', () => {
  it('names a restore relative to where the user stands', async () => {
    await copyFile(SAMPLE, join(folder, 'mine.ndjson'));
    const { stdout } = await start(['--file', 'mine.ndjson'], { cwd: folder });
    expect(stdout).toMatch(/^Loaded 4 jobs, 40 tasks, 102 segments from mine\.ndjson\./);
  });

  it.runIf(process.platform === 'linux')('also when npm has gone elsewhere to run the command', async () => {
    await copyFile(SAMPLE, join(folder, 'mine.ndjson'));
    const npm = `npm --prefix ${PROJECT} start --silent -- --file mine.ndjson`;
    const { stdout } = await end(terminal(npm, { cwd: folder }));
    expect(stdout).toContain('segments from mine.ndjson.');
  });

  it('- takes standard input', async () => {
    const { stdout } = await start(['--file', '-'], { input: await readFile(SAMPLE) });
    expect(stdout).toMatch(/^Loaded 4 jobs, 40 tasks, 102 segments from standard input\./);
  });

  it('names each line that cannot be read, and loads nothing', async () => {
    const file = await fileOf(
      'broken.ndjson',
      '{"job":{"jobId":"1","collectionId":"7","state":"Executing"}}\n{"task":{"jobId":"1"}}\n',
    );
    expect(await start(['--file', file])).toEqual({
      code: 1,
      stdout: '',
      stderr: `${file}: nothing was loaded\nline 2: taskId is missing; collectionId is missing; state is missing\n`,
    });
  });

  it('says what a file is that is no restore, and what to do about it', async () => {
    const file = await fileOf('restore.ndjson.gz', gzipSync(await readFile(SAMPLE)));
    const { code, stderr } = await start(['--file', file]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `${file}: nothing was loaded\nThe file is compressed with gzip.\nTry: gunzip -c ${file} | npm start -- --file -\n`,
    );
  });

  it('says so when there is no such file', async () => {
    const { code, stderr } = await start(['--file', 'none.ndjson'], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /none\.ndjson cannot be read \(ENOENT\)\.\n--file names a restore: NDJSON in Milvus' proto JSON\.\n$/,
    );
    expect(stderr.startsWith('/')).toBe(true);
  });

  it('says so when it is a folder', async () => {
    const { stderr } = await start(['--file', '.'], { cwd: folder });
    expect(stderr).toMatch(
      new RegExp(`${basename(folder)} is a folder.\\n--file names a file, or - for standard input`),
    );
  });
});

describe('an endpoint of the user’s own', () => {
  /** Everything on standard error; a stack would be lines that begin with "at". */
  const complaint = async (env: Record<string, string>): Promise<string> => {
    const { code, stdout, stderr } = await start(WITH_SAMPLE, { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toMatch(/^ +at /m);
    return stderr;
  };

  it('that nothing answers at is named with its service and its variable', async () => {
    const closed = await endpointInBetween(inject('sqsEndpoint'));
    await closed.close();
    const env = { AWS_ENDPOINT_URL_DYNAMODB: inject('dynamoEndpoint'), AWS_ENDPOINT_URL: closed.endpoint };
    expect(await complaint(env)).toBe(
      `No SQS at ${closed.endpoint} (AWS_ENDPOINT_URL):\n  connect ECONNREFUSED ${closed.endpoint.slice(7)}\n` +
        'Start it there, correct the variable, or unset it to use the embedded SQS.\n',
    );
  });

  it('that is no URL is named with its variable', async () => {
    expect(await complaint({ AWS_ENDPOINT_URL_DYNAMODB: 'localhost:8000' })).toBe(
      'AWS_ENDPOINT_URL_DYNAMODB is "localhost:8000".\nIt must be a URL such as http://127.0.0.1:8000.\n',
    );
  });

  it('that is another service is told so', async () => {
    expect(await complaint({ AWS_ENDPOINT_URL_DYNAMODB: inject('sqsEndpoint') })).toMatch(
      /^No DynamoDB at .* \(AWS_ENDPOINT_URL_DYNAMODB\):\n {2}something answers with HTTP status 4\d\d, but not as DynamoDB\n/,
    );
  });

  it('that takes no second table keeps none of the first ones', async () => {
    let tables = 0;
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      operation === 'CreateTable' && ++tables === 2
        ? { type: 'AccessDeniedException', message: 'not for you' }
        : undefined,
    );
    const env = { AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint, AWS_ENDPOINT_URL_SQS: inject('sqsEndpoint') };
    expect(await complaint(env)).toBe(
      'tables and queue cannot be created: AccessDeniedException: not for you\n',
    );
    const named = (operation: string) =>
      dynamo.requests.flatMap((request) =>
        request.operation === operation ? [String(request.input.TableName)] : [],
      );
    expect(named('CreateTable')).toHaveLength(3);
    expect(named('DeleteTable').sort()).toEqual(named('CreateTable').sort());
    await dynamo.close();
  });
});

describe('a restore that DynamoDB does not take', () => {
  it('ends with the reason, and keeps no tables', async () => {
    const dynamo = await endpointInBetween(inject('dynamoEndpoint'), ({ operation }) =>
      operation === 'BatchWriteItem'
        ? { type: 'ValidationException', message: 'Item size exceeded' }
        : undefined,
    );
    const env = { AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint, AWS_ENDPOINT_URL_SQS: inject('sqsEndpoint') };
    expect(await start(WITH_SAMPLE, { env })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'DynamoDB does not take the restore: ValidationException: Item size exceeded\n',
    });
    expect(dynamo.requests.filter(({ operation }) => operation === 'DeleteTable')).toHaveLength(3);
    await dynamo.close();
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
