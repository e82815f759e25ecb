import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Mapping } from '../functions/submit/mapping-source.ts';
import { segment } from './support/builders.ts';
import { COPY_SEGMENT, type Ended, end, run, start, startInTerminal } from './support/command-line.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { endpointInBetween } from './support/endpoint-in-between.ts';
import { mappingsOf, RESTORE } from './support/submit-world.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'submit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.ndjson`);
  await writeFile(path, content);
  return path;
}

const ids = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
const toLines = (...records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record, ids)}\n`).join('');

/** A submission with a line for each mapping. */
const linesOf = (mappings: readonly Mapping[], job: object = RESTORE): string =>
  toLines({ job }, ...mappings.map((mapping) => ({ mapping })));

const surroundingsOf = (endpoint: string) => ({
  program: COPY_SEGMENT,
  env: {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  },
});

const engine = (): string => inject('dynamoEndpoint') ?? '';

const argumentsFor = ({ tables }: World, ...args: readonly string[]): string[] => [
  'submit',
  ...args,
  ...['--jobs-table', tables.jobs, '--tasks-table', tables.tasks, '--segments-table', tables.segments],
];

const submit = (world: World, ...args: readonly string[]): Promise<Ended> =>
  start(argumentsFor(world, ...args), surroundingsOf(engine()));

describe('copy-segment submit', () => {
  it('submits a job and a line for each mapping, and says so', async () => {
    const world = await embeddedWorld();
    const file = await fileOf(linesOf(mappingsOf(200)));
    const { code, stdout, stderr } = await submit(world, file);
    expect(stdout).toBe(
      'Job 1 is Executing: 200 segments in 3 tasks, 2000 rows; the inspector hands them out.\n',
    );
    expect(stderr).toMatch(/^6 requests, 1 read unit, \d+ write units\n$/);
    expect(code).toBe(0);
    expect(await world.job()).toMatchObject({
      state: 'Executing',
      source: RESTORE.source,
      target: RESTORE.target,
      sourceCollectionId: 6n,
      snapshotName: RESTORE.snapshotName,
    });
    expect((await world.items()).segments).toHaveLength(200);
  });

  it('takes the job with its idMappings, in any order, as the same submission', async () => {
    const world = await embeddedWorld();
    await submit(world, await fileOf(linesOf(mappingsOf(150))));
    const before = await world.items();
    const job = { ...RESTORE, idMappings: mappingsOf(150).reverse() };
    const { code, stdout } = await submit(world, await fileOf(toLines({ job })));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'Job 1 was submitted before, with the same mappings: it is Executing.\nThere was nothing to do.\n',
    });
    expect(await world.items()).toEqual(before);
  });

  it('takes Milvus’ own record: snake_case, numbers beyond 2^53, a TSO, fields it has no use for', async () => {
    const world = await embeddedWorld();
    const file = await fileOf(
      '{"job":{"job_id":449999999999999991,"db_id":1,"collection_id":"7","state":"CopySegmentJobPending",' +
        '"timeout_ts":"470621041459200000","source_collection_id":"0","snapshot_name":"","total_segments":2,"id_mappings":[' +
        '{"source_segment_id":449999999999999993,"target_segment_id":449999999999999995,"partition_id":-1},' +
        '{"source_segment_id":449999999999999997,"target_segment_id":449999999999999999,"partition_id":"3"}]}}',
    );
    expect((await submit(world, file)).code).toBe(0);
    const job = await world.job(449_999_999_999_999_991n);
    expect(job).toMatchObject({ timeoutAt: 1_795_276_800_000n, totalSegments: 2n, totalRows: 0n });
    expect(job).not.toHaveProperty('sourceCollectionId');
    expect(job).not.toHaveProperty('snapshotName');
    expect(await world.segment(449_999_999_999_999_995n)).toMatchObject({
      partitionId: -1n,
      sourceSegmentId: 449_999_999_999_999_993n,
    });
  });

  it('reads standard input, which it keeps until it has been read twice', async () => {
    const world = await embeddedWorld();
    const input = linesOf(mappingsOf(120));
    const { code } = await start(argumentsFor(world, '-'), { ...surroundingsOf(engine()), input });
    expect(code).toBe(0);
    expect((await world.items()).segments).toHaveLength(120);
  });

  it('of no mappings is Completed at once', async () => {
    const world = await embeddedWorld();
    const { code, stdout } = await submit(world, await fileOf(toLines({ job: RESTORE })));
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Job 1 is Completed: there were no segments to copy.\n',
    });
  });

  it('puts items into the partitions of the index that are deployed', async () => {
    const world = await embeddedWorld({ shards: 7 });
    const job = { ...RESTORE, jobId: 6n };
    await submit(world, await fileOf(linesOf(mappingsOf(500), job)), '--shards', '7');
    expect(await world.job(6n)).toMatchObject({ dueShard: 6n });
    expect(await world.task(5n, 6n)).toMatchObject({ dueShard: 5n });
  });

  it('ends with 1 for a job that fails, and the repeat finds it Failed', async () => {
    const world = await embeddedWorld();
    await world.has(segment(150n, 'Flushed', { jobId: 9n }));
    const file = await fileOf(linesOf(mappingsOf(200)));
    const first = await submit(world, file);
    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toContain(
      'Job 1 failed: target 150 is Flushed already: it is of job 9.\nThe inspector drops',
    );
    const second = await submit(world, file);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('it is Failed.\nReason: target 150 is Flushed already: it is of job 9\n');
  });

  it('ends with 1 for an id that is taken, and names what differs', async () => {
    const world = await embeddedWorld();
    await submit(world, await fileOf(linesOf(mappingsOf(3))));
    const other = { ...RESTORE, target: { bucket: 'elsewhere', rootPath: '' } };
    const { code, stderr } = await submit(world, await fileOf(linesOf(mappingsOf(4), other)));
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Job 1 is there already, and is another restore. Nothing was written.\n  its mappings differ\n  its target differs\n',
    );
  });

  it('ends with 3 when AWS does not let it, and says why', async () => {
    const world = await embeddedWorld();
    const args = argumentsFor(world, await fileOf(linesOf(mappingsOf(3)))).map((arg) =>
      arg === world.tables.tasks ? 'no-such-table' : arg,
    );
    const { code, stderr } = await start(args, surroundingsOf(engine()));
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^The tasks of job 1 could not be read: ResourceNotFoundException: .*\. Submit the same again/,
    );
  });

  it.each([
    [
      'submitted',
      0,
      linesOf(mappingsOf(3)),
      { state: 'Executing', totals: { segments: 3, tasks: 1, rows: 30 } },
    ],
    ['found', 0, linesOf(mappingsOf(100, 1_000), { ...RESTORE, jobId: 2n }), { state: 'Executing' }],
    ['conflict', 1, linesOf(mappingsOf(4), { ...RESTORE, jobId: 2n }), { differences: ['mappingsDigest'] }],
    [
      'failed',
      1,
      linesOf(mappingsOf(4, 1_000)),
      { reason: 'target 1000 is Importing already: it is of job 2' },
    ],
    [
      'refused',
      2,
      linesOf(mappingsOf(2).reverse()),
      { issues: { total: 1, listed: [{ line: 3, field: 'sourceSegmentId' }] } },
    ],
  ])('--json prints one document: %s', async (kind, code, content, fields) => {
    const world = await embeddedWorld();
    await submit(world, await fileOf(linesOf(mappingsOf(100, 1_000), { ...RESTORE, jobId: 2n })));
    const ended = await submit(world, await fileOf(content), '--json');
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      jobId: expect.stringMatching(/^[12]$/),
      kind,
      ...fields,
      cost: { requests: expect.any(Object), readUnits: expect.any(Number), writeUnits: expect.any(Number) },
    });
  });
});

describe('a file that cannot be submitted', () => {
  const job = { job: { jobId: '1', collectionId: '7' } };
  const mapping = (source: number, target: number, more: object = {}) => ({
    mapping: { sourceSegmentId: source, targetSegmentId: target, partitionId: 3, ...more },
  });

  it.each([
    ['without a job', toLines(mapping(1, 2)), /line 1: must be \{"job":\{…\}\}: the first line is the job/],
    ['without a line', '\n \n', /the file is empty; its first line must be/],
    ['with a job that lacks a field', toLines({ job: { jobId: 1 } }), /line 1: collectionId is missing/],
    [
      'with a misspelt field',
      toLines({ job: { jobId: 1, collectionId: 2, timeOutAt: 3 } }),
      /line 1: timeOutAt is no field: did you mean timeoutAt\?/,
    ],
    [
      'with a deadline in seconds',
      toLines({ job: { ...job.job, timeoutAt: 1_795_349_750 } }),
      /line 1: timeoutAt must be Unix milliseconds, but 1795349750 looks like seconds/,
    ],
    [
      'with a target that is missing',
      toLines(job, { mapping: { sourceSegmentId: 1, partitionId: 3 } }),
      /line 2: targetSegmentId is missing/,
    ],
    [
      'with a partition of 0',
      toLines(job, mapping(1, 2, { partitionId: 0 })),
      /line 2: partitionId must be between 1 and 2\^63-1, or -1/,
    ],
    [
      'with negative rows',
      toLines(job, mapping(1, 2, { numOfRows: -1 })),
      /line 2: numOfRows must be between 0 and 2\^53-1/,
    ],
    ['that is not JSON', `${toLines(job)}nonsense\n`, /line 2: JSON value expected/],
    ['with two jobs', toLines(job, job), /line 2: is a second job/],
    [
      'with idMappings and lines',
      toLines({ job: { ...job.job, idMappings: [mapping(1, 2).mapping] } }, mapping(3, 4)),
      /line 2: is a mapping beside the idMappings of the job/,
    ],
    [
      'with idMappings that repeat a target',
      toLines({ job: { ...job.job, idMappings: [mapping(3, 2).mapping, mapping(1, 2).mapping] } }),
      /line 1: idMappings\.0\.targetSegmentId 2 is the target of idMappings\.1 already/,
    ],
    [
      'out of order',
      toLines(job, mapping(3, 5), mapping(1, 6)),
      /line 3: sourceSegmentId must be above 3 of the mapping before it/,
    ],
    [
      'with a target twice',
      `${toLines(job)}\n${toLines(mapping(3, 5), mapping(4, 5))}`,
      /line 4: targetSegmentId 5 is the target of line 3 already/,
    ],
    [
      'that is shorter than it says',
      toLines({ job: { ...job.job, totalSegments: 3 } }, mapping(3, 5), mapping(4, 6)),
      /line 1: totalSegments is 3, but there are 2 mappings/,
    ],
    [
      'with an empty bucket',
      toLines({ job: { ...job.job, source: { bucket: '', rootPath: 'a' } } }),
      /line 1: source\.bucket must be the name of a bucket/,
    ],
    [
      'that is compressed',
      gzipSync(toLines(job)),
      /compressed with gzip\. Try: gunzip -c .*\.ndjson \| copy-segment submit -/,
    ],
  ])('%s ends with 2, names the line and the field, and writes nothing', async (_, content, message) => {
    const world = await embeddedWorld();
    const { code, stdout, stderr } = await submit(world, await fileOf(content));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Nothing was written\.\n/);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n0 requests, 0 read units, 0 write units\n$/);
    expect(await world.items()).toEqual({ jobs: [], tasks: [], segments: [] });
  });

  it('names every line that is wrong, up to twenty', async () => {
    const world = await embeddedWorld();
    const wrong = Array.from({ length: 30 }, (_, index) => mapping(index + 1, 0));
    const { stderr } = await submit(world, await fileOf(toLines(job, ...wrong)));
    expect(stderr.match(/^line \d+: targetSegmentId must be/gm)).toHaveLength(20);
    expect(stderr).toContain('… and 10 more');
  });
});

describe('a command line that makes no sense', () => {
  it.each([
    [['submit', 'x.ndjson'], /^Which deployment\? Name its stack/],
    [['submit'], /missing required argument 'file'/],
    [['restore'], /unknown command 'restore'/],
    [['submit', 'x', '--shards', '0'], /--shards.*It must be a whole number above 0/],
  ])('%j ends with 2', async (args, message) => {
    const { code, stderr } = await start(args, surroundingsOf(engine()));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it.each([
    ['that is not there', 'none.ndjson', /none\.ndjson cannot be read \(ENOENT\)/],
    ['that is a folder', tmpdir(), /is a folder; a file is submitted/],
    ['that can be read once', '/dev/null', /is read twice: pipe it into copy-segment submit -/],
  ])('a file %s ends with 2', async (_, name, message) => {
    const { code, stderr } = await submit(await embeddedWorld(), name);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('--help shows examples and exit codes, in 80 columns', async () => {
    const { code, stdout } = await start(['submit', '--help'], surroundingsOf(engine()));
    expect(code).toBe(0);
    expect(stdout).toMatch(/\{"mapping":.*Exit codes: 0 submitted, 1/s);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('in a terminal', () => {
  it('a bar shows what is done, and is gone at the end', async () => {
    const world = await embeddedWorld();
    const file = await fileOf(linesOf(mappingsOf(2_000)));
    const { code, stdout } = await startInTerminal(argumentsFor(world, file), surroundingsOf(engine()));
    expect(code).toBe(0);
    expect(stdout).toMatch(/Submitting .*%/);
    expect(stdout.split('\n').at(-3)).toMatch(/Job 1 is Executing: 2000 segments in 21 tasks/);
  });

  it('no bar stands in a document', async () => {
    const world = await embeddedWorld();
    const file = await fileOf(linesOf(mappingsOf(2_000)));
    const { stdout } = await startInTerminal(argumentsFor(world, file, '--json'), surroundingsOf(engine()));
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'submitted' });
  });

  it('- is refused: nobody types a restore', async () => {
    const { code, stdout } = await startInTerminal(
      argumentsFor(await embeddedWorld(), '-'),
      surroundingsOf(engine()),
    );
    expect(code).toBe(2);
    expect(stdout).toContain('- is standard input, and that is a terminal');
  });
});

describe('a submit that is ended from outside', () => {
  /** Sends a signal to the command when it writes the second task, which then gets no answer. */
  async function endedBy(signal: NodeJS.Signals, world: World, file: string): Promise<Ended> {
    let child: ChildProcess | undefined;
    const between = await endpointInBetween(engine(), ({ operation, input }) => {
      if (operation !== 'TransactWriteItems' || !JSON.stringify(input).includes('"taskId":{"N":"2"}'))
        return undefined;
      child?.kill(signal);
      return 'no answer';
    });
    child = run(argumentsFor(world, file), surroundingsOf(between.endpoint));
    child.stdin?.end();
    const ended = await end(child);
    await between.close();
    return ended;
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 130],
    ['SIGKILL', null],
  ] as const)('by %s, and repeated, resumes after its highest task, and says so', async (signal, code) => {
    const world = await embeddedWorld();
    const file = await fileOf(linesOf(mappingsOf(300)));
    const ended = await endedBy(signal, world, file);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    if (code !== null)
      expect(ended.stderr).toContain('Submit the same again: it resumes where this one ended.');
    expect(await world.job()).toMatchObject({ state: 'Pending' });
    expect((await world.items()).tasks).toHaveLength(1);

    const again = await submit(world, file);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(
      'It was filled up to task 1 of 4, by a submit that did not end: resumed after that.',
    );
    expect((await world.items()).segments).toHaveLength(300);
  });
});
