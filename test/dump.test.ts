import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { packMappings } from '../functions/copy-segment/mappings.ts';
import type { TableKind } from '../functions/copy-segment/tables.ts';
import { job, segment, task } from './support/builders.ts';
import { commandOn } from './support/command-in-process.ts';
import { disturbedClients, embeddedWorld, type World } from './support/embedded-world.ts';
import { everySituation } from './support/every-situation.ts';

const MEASURE = join(import.meta.dirname, 'support/measure-dump.ts');
const MIB = 2 ** 20;

const dynamo = () => disturbedClients().dynamo;

/** What is stored, in DynamoDB's own types, by key. */
async function stored(world: World): Promise<Record<TableKind, string[]>> {
  const scan = async (table: TableKind): Promise<string[]> => {
    const { Items = [] } = await dynamo().send(
      new ScanCommand({ TableName: world.tables[table], ConsistentRead: true }),
    );
    const inOrder = (_: string, value: unknown): unknown =>
      value instanceof Uint8Array
        ? [...value]
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
          : value;
    return Items.map((item) => JSON.stringify(item, inOrder)).sort();
  };
  return { jobs: await scan('jobs'), tasks: await scan('tasks'), segments: await scan('segments') };
}

const dump = (world: World, ...args: readonly string[]) => commandOn(world, ['dump', ...args]);
const load = (world: World, input: string, ...args: readonly string[]) =>
  commandOn(world, ['load', '-', ...args], { input });

describe('dump and load', () => {
  it('every situation: what is loaded into empty tables is what was dumped, markers and all', async () => {
    const [from, to] = [await embeddedWorld(), await embeddedWorld()];
    await from.has(everySituation());
    const { code, stdout, stderr } = await dump(from);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Dumped 4 jobs, /) });
    expect(await load(to, stdout)).toMatchObject({ code: 0 });
    expect(await stored(to)).toEqual(await stored(from));
  });

  it('any value that DynamoDB holds comes back exactly', async () => {
    const [from, to] = [await embeddedWorld(), await embeddedWorld()];
    await dynamo().send(
      new PutItemCommand({
        TableName: from.tables.tasks,
        Item: {
          jobId: { N: '9223372036854775807' },
          taskId: { N: '449999999999999991' },
          mappings: {
            B: packMappings([{ sourceSegmentId: 1n, targetSegmentId: 2n, partitionId: -1n }]),
          },
          decimal: { N: '3.14159265358979323846264338327950288' },
          negative: { N: '-0.5' },
          nothing: { NULL: true },
          no: { BOOL: false },
          empty: { S: '' },
          text: { S: 'line\nend\u2028 "quoted" 漢字 \u{1f600}' },
          list: { L: [{ N: '1' }, { S: 'a' }, { L: [] }, { M: {} }, { NULL: true }] },
          map: { M: { 'a.b': { M: { c: { B: new Uint8Array([0, 255]) } } } } },
          numbers: { NS: ['1', '9007199254740993'] },
          texts: { SS: ['a', 'b'] },
          binaries: { BS: [new Uint8Array([1]), new Uint8Array([2, 3])] },
          unknown: { S: 'of a writer that nobody knows' },
        },
      }),
    );
    await load(to, (await dump(from)).stdout);
    expect((await stored(to)).tasks).toHaveLength(1);
    expect(await stored(to)).toEqual(await stored(from));
  });

  it('--job takes the job, its tasks and their targets, and nothing else', async () => {
    const [from, to] = [await embeddedWorld(), await embeddedWorld()];
    await from.has(job(), task({ targets: [11n, 12n] }), segment(11n), segment(12n));
    await from.has(
      job({ jobId: 2n }),
      task({ jobId: 2n, targets: [21n] }),
      segment(21n, 'Importing', { jobId: 2n }),
    );
    await load(to, (await dump(from, '--job', '1')).stdout);
    const { jobs, tasks, segments } = await to.items();
    expect(jobs).toMatchObject([{ jobId: 1n }]);
    expect(tasks).toMatchObject([{ jobId: 1n }]);
    expect(segments).toMatchObject([{ segmentId: 11n }, { segmentId: 12n }]);
  });

  it('an item that is there is left as it is, is named, and ends the load with 1', async () => {
    const world = await embeddedWorld();
    await world.has(job(), task());
    const { stdout } = await dump(world);
    await world.put('jobs', { ...(await world.job()), state: 'Failed' });
    const again = await load(world, stdout);
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('  job 1\n') });
    expect(again.stdout).toContain('Loaded 0 items; 1 were there already.');
    expect(await world.job()).toMatchObject({ state: 'Failed' });
  });

  it('the same load once more changes nothing, and ends with 0', async () => {
    const world = await embeddedWorld();
    await world.has(everySituation());
    const { stdout } = await dump(world);
    const before = await stored(world);
    expect(await load(world, stdout)).toMatchObject({ code: 0 });
    expect(await stored(world)).toEqual(before);
  });

  describe('--overwrite', () => {
    /** A dump of two jobs and a task; since then, the first job has changed, and the task is gone. */
    async function changed() {
      const world = await embeddedWorld();
      await world.has(job(), job({ jobId: 2n }), task());
      const { stdout: dumped } = await dump(world);
      await world.put('jobs', { ...(await world.job()), state: 'Failed', reason: 'timeout' });
      await world.remove('tasks', { jobId: 1n, taskId: 1n });
      return { world, dumped };
    }
    const SHOWN =
      /^It would replace 1 item of .*, which differ in these attributes:\n {2}job 1: reason, state\n/;

    it('shows what it would replace, and changes nothing in a script without --yes', async () => {
      const { world, dumped } = await changed();
      const before = await world.items();
      const { code, stdout } = await load(world, dumped, '--overwrite');
      expect(code).toBe(2);
      expect(stdout).toMatch(SHOWN);
      expect(stdout).toMatch(/\nNothing was changed: where nobody can be asked, add --yes\.\n$/);
      expect(await world.items()).toEqual(before);
    });

    it('changes nothing where somebody declines', async () => {
      const { world, dumped } = await changed();
      const before = await world.items();
      const args = ['load', '-', '--overwrite'];
      const { code, stdout } = await commandOn(world, args, { input: dumped, answer: false });
      expect(code).toBe(1);
      expect(stdout).toMatch(SHOWN);
      expect(stdout).toMatch(/\nNothing was changed\.\n$/);
      expect(await world.items()).toEqual(before);
    });

    it('replaces what is there, and puts what is not, once somebody agrees', async () => {
      const { world, dumped } = await changed();
      const args = ['load', '-', '--overwrite'];
      const { code, stdout } = await commandOn(world, args, { input: dumped, answer: true });
      expect(code).toBe(0);
      expect(stdout).toMatch(/\nLoaded 3 items\.\n$/);
      expect(await world.job()).toMatchObject({ state: 'Executing' });
      expect(await world.job()).not.toHaveProperty('reason');
      expect(await world.task()).toMatchObject({ state: 'Pending' });
    });

    it('asks nothing where nothing would be replaced', async () => {
      const world = await embeddedWorld();
      await world.has(job());
      const { stdout } = await dump(world);
      expect(await load(world, stdout, '--overwrite')).toMatchObject({ code: 0 });
    });
  });

  it('two dumps of the same items are the same text, in whatever order their attributes were written', async () => {
    const [a, b] = [await embeddedWorld(), await embeddedWorld()];
    const item = { jobId: 1n, taskId: 2n, state: 'Pending', alpha: { z: 1n, a: 2n }, collectionId: 7n };
    await a.put('tasks', item);
    await b.put('tasks', Object.fromEntries(Object.entries(item).reverse()));
    const { stdout } = await dump(a);
    expect(stdout).toMatch(
      /^\{"table":"tasks","item":\{"jobId":\{"N":"1"\},"taskId":\{"N":"2"\},"alpha":\{"M":\{"a":/,
    );
    expect((await dump(b)).stdout).toBe(stdout);
  });

  it('--job says so where there is no such job, and ends with 1', async () => {
    const world = await embeddedWorld();
    await world.has(job());
    expect(await dump(world, '--job', '999')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^There is no job 999\.\n/),
    });
  });

  it.each([
    ['a restore', '{"job":{"jobId":"1"}}', /^line 1: is a restore in Milvus' proto JSON/],
    ['another table', '{"table":"users","item":{}}', /^line 1: table must be one of jobs, tasks, segments/],
    ['a bare number', '{"table":"jobs","item":{"jobId":1}}', /^line 1: item.jobId must be a value such as/],
    ['no number', '{"table":"jobs","item":{"jobId":{"N":"x"}}}', /^line 1: item.jobId is no N: "x"/],
    ['an unknown type', '{"table":"jobs","item":{"jobId":{"X":"1"}}}', /^line 1: item.jobId is of type X/],
    [
      'a key of another type',
      '{"table":"tasks","item":{"jobId":{"N":"1"},"taskId":{"S":"2"}}}',
      /^line 1: item.taskId, of the key of tasks, must be a number/,
    ],
    ['no key', '{"table":"jobs","item":{"state":{"S":"Failed"}}}', /^line 1: item.jobId, of the key of jobs/],
    ['no JSON', 'nonsense', /^line 1: /],
  ])('a line that is %s is named, and ends with 2', async (_, line, message) => {
    const world = await embeddedWorld();
    const { code, stderr } = await load(world, `${line}\n`);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(await world.items()).toEqual({ jobs: [], tasks: [], segments: [] });
  });

  it('loads a file, and says when there is none', async () => {
    const world = await embeddedWorld();
    const folder = await mkdtemp(join(tmpdir(), 'dump-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'tables.ndjson');
    await writeFile(file, '{"table":"jobs","item":{"jobId":{"N":"1"}}}\n');
    expect(await commandOn(world, ['load', file])).toMatchObject({ code: 0 });
    expect(await world.job()).toEqual({ jobId: 1n });
    expect(await commandOn(world, ['load', join(folder, 'none')])).toMatchObject({ code: 2 });
    expect(await commandOn(world, ['load', folder])).toMatchObject({ code: 2 });
  });

  it('holds as much at the end of 100,000 tasks as at their beginning', { timeout: 900_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      MEASURE,
      '100000',
      inject('dynamoEndpoint'),
      inject('sqsEndpoint'),
    ]);
    const { alive, dumped, written } = JSON.parse(stdout) as Record<string, number> & { alive: number[] };
    expect({ dumped, written }).toEqual({ dumped: 100_000, written: 100_000 });
    expect(alive).toHaveLength(10);
    expect(Math.max(...alive) - (alive[0] as number)).toBeLessThan(4 * MIB);
  });
});
