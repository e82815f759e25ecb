import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLines } from '../cli/restore-file/read-lines.ts';
import { readRecord } from '../cli/restore-file/read-record.ts';
import { checkRestore, rowsOf } from '../cli/restore-file/restore.ts';
import type { Row } from '../engines/load.ts';
import { readMappings } from '../functions/copy-segment/mappings.ts';
import { HOUR, MINUTE, NOW } from './support/builders.ts';

const utf16 = (content: string): Buffer => Buffer.from(content, 'utf16le');
const indented = (json: string): string => JSON.stringify(JSON.parse(json), null, 2);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restore-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Checks a file of this content, and reads it if there is nothing wrong with it. */
async function readFileOf(content: string | Uint8Array): Promise<Row[]> {
  const path = join(folder, 'restore.ndjson');
  await writeFile(path, content);
  const lines = () => readLines(path);
  await checkRestore(lines, NOW);
  return Array.fromAsync(rowsOf(lines, NOW));
}

const only = (line: string): Row => readRecord(line, NOW, 4);
const task = (fields: Record<string, unknown>): string =>
  JSON.stringify({ task: { jobId: '1', taskId: '6', collectionId: '7', state: 'Pending', ...fields } });

describe('a restore file', () => {
  it('is Milvus’ proto3 JSON: lowerCamelCase, int64 as strings, enums by their full name', () => {
    const line =
      '{"job":{"jobId":"449999999999999991","dbId":"1","collectionId":"7","collectionName":"c","state":"CopySegmentJobFailed","reason":"timeout","startTs":"1795255200000000000","completeTs":"1795258800000000000","timeoutTs":"470621041459200000","cleanupTs":"470621041459200000","options":[{"key":"copy_index","value":"true"}]}}';
    expect(only(line)).toEqual({
      table: 'jobs',
      item: {
        jobId: 449_999_999_999_999_991n,
        collectionId: 7n,
        state: 'Failed',
        reason: 'timeout',
        createdAt: 1_795_255_200_000,
        completedAt: 1_795_258_800_000,
        timeoutAt: 1_795_276_800_000,
        expiresAt: 1_795_276_800,
        dueShard: 3,
        dueAt: NOW,
      },
    });
  });

  it('or snake_case names, int64 as numbers to the last digit, enums by number', () => {
    const line =
      '{"task":{"task_id":449999999999999993,"job_id":449999999999999991,"collection_id":7,"node_id":12,"task_version":3,"state":2,"id_mappings":[{"source_segment_id":449999999999999995,"target_segment_id":449999999999999997,"partition_id":9}],"created_ts":1795255200000000000}}';
    expect(only(line)).toEqual({
      table: 'tasks',
      item: {
        taskId: 449_999_999_999_999_993n,
        jobId: 449_999_999_999_999_991n,
        collectionId: 7n,
        state: 'InProgress',
        nodeId: '12',
        taskVersion: 3n,
        enqueueCount: 0n,
        idMappings: [
          {
            sourceSegmentId: 449_999_999_999_999_995n,
            targetSegmentId: 449_999_999_999_999_997n,
            partitionId: 9n,
          },
        ],
        createdAt: 1_795_255_200_000,
        dueShard: 1,
      },
    });
  });

  it('spells a segment as SegmentInfo does', () => {
    const info = {
      ID: '11',
      collectionID: '7',
      partitionID: '3',
      state: 7,
      num_of_rows: '5',
      is_importing: true,
    };
    const expected = {
      table: 'segments',
      item: {
        segmentId: 11n,
        collectionId: 7n,
        partitionId: 3n,
        state: 'Importing',
        numOfRows: 5n,
        isImporting: true,
      },
    };
    expect(only(JSON.stringify({ segment: info }))).toEqual(expected);
    const { ID: segmentId, ...others } = info;
    expect(only(JSON.stringify({ segment: { segmentId, ...others } }))).toEqual(expected);
    const dropped = {
      ...info,
      state: 'Dropped',
      isImporting: undefined,
      is_importing: false,
      droppedAt: '1795255200000000000',
    };
    expect(only(JSON.stringify({ segment: dropped })).item).toMatchObject({
      state: 'Dropped',
      droppedAt: 1_795_255_200_000,
    });
  });

  it.each<[Record<string, unknown>, number | undefined]>([
    [{ state: 'Pending' }, NOW],
    [{ state: 'InProgress', leaseExpiresAt: String(NOW + MINUTE) }, NOW + MINUTE],
    [{ state: 'InProgress' }, undefined],
    [{ state: 'Failed' }, NOW],
    [{ state: 'Failed', segmentsDroppedAt: String(NOW - HOUR) }, undefined],
    [{ state: 'Completed' }, undefined],
  ])('gives a task the marker that its writer would: %o', (fields, dueAt) => {
    expect(only(task(fields)).item.dueAt).toBe(dueAt);
  });

  it('leaves out what proto3 JSON leaves out: defaults, and fields that are null', () => {
    const item = only(task({ nodeId: '0', reason: '', taskVersion: null })).item;
    expect(item).toMatchObject({ taskVersion: 0n, enqueueCount: 0n, idMappings: [] });
    expect(item).not.toHaveProperty('nodeId');
    expect(item).not.toHaveProperty('reason');
  });

  it('knows of a task what Milvus does not: messages sent, leases lost, and what it holds', () => {
    const item = only(
      task({ state: 'InProgress', taskVersion: '19', enqueueCount: 1, lostLeases: '9', leaseExpiresAt: NOW }),
    ).item;
    expect(item).toMatchObject({ taskVersion: 19n, enqueueCount: 1n, lostLeases: 9n, leaseExpiresAt: NOW });
    expect(only(task({ lostLeases: 0 })).item).not.toHaveProperty('lostLeases');
  });

  it('keeps more than 100 mappings of a task in the compact form, and no fewer', () => {
    const mappings = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        sourceSegmentId: String(index + 1),
        targetSegmentId: String(index + 1_000),
        partitionId: '-1',
      }));
    expect(only(task({ idMappings: mappings(100) })).item).not.toHaveProperty('mappings');
    const { item } = only(task({ idMappings: mappings(101) }));
    expect(item).not.toHaveProperty('idMappings');
    const { targetSegmentIds, unreadable, flaws } = readMappings(item);
    expect(targetSegmentIds).toEqual(mappings(101).map(({ targetSegmentId }) => BigInt(targetSegmentId)));
    expect({ unreadable, flaws }).toEqual({ unreadable: undefined, flaws: undefined });
  });

  it('has L0 segments, which belong to all partitions: -1', () => {
    const mapping = { sourceSegmentId: '1', targetSegmentId: '2', partitionId: '-1' };
    expect(only(task({ idMappings: [mapping] })).item.idMappings).toMatchObject([{ partitionId: -1n }]);
    const segment = {
      ID: '2',
      collectionID: '7',
      partitionID: -1,
      state: 'Importing',
      publishedAt: String(NOW),
    };
    expect(only(JSON.stringify({ segment })).item).toMatchObject({ partitionId: -1n, publishedAt: NOW });
  });

  it('may have fields of Milvus that the inspector has no use for, also those of its next version', () => {
    const fields = { task_slot: 1, quiteNewInMilvus: { a: [1, null] } };
    expect(only(task(fields)).item).toEqual(only(task({})).item);
  });

  it('may have empty lines, line ends of Windows, a byte order mark, and no line end at its end', async () => {
    const text = `\uFEFF${task({ taskId: '1' })}\r\n\r\n${task({ taskId: '2' })}`;
    expect(await readFileOf(text)).toHaveLength(2);
  });

  it('may have a line separator of Unicode in a text', async () => {
    const [row] = await readFileOf(task({ reason: 'one\u2028two' }));
    expect(row?.item.reason).toBe('one\u2028two');
  });

  it('is read line by line, wherever the pieces of the file end', async () => {
    const reasons = Array.from({ length: 400 }, (_, index) => 'é'.repeat(1_000 + index));
    const rows = await readFileOf(
      reasons.map((reason, taskId) => task({ taskId: taskId + 1, reason })).join('\n'),
    );
    expect(rows.map(({ item }) => item.reason)).toEqual(reasons);
  });
});

describe('a line that cannot be read', () => {
  it.each<[string, RegExp]>([
    ['{"task":', /^line 1: .*JSON|^line 1: .*expected/i],
    ['7', /line 1: must be a JSON object/],
    ['{}', /line 1: must have one field: "job", "task" or "segment"/],
    ['{"tasks":{}}', /line 1: must have one field/],
    ['{"job":{},"task":{}}', /line 1: must have one field/],
    ['{"task":[]}', /line 1: must be a JSON object/],
    [task({ taskId: undefined }), /line 1: taskId is missing/],
    [task({ taskId: '9223372036854775808' }), /line 1: taskId must be between 1 and 2\^63-1/],
    [task({ taskId: 'six' }), /line 1: taskId must be a whole number, or a string of one/],
    [task({ taskId: 1.5 }), /line 1: taskId must be a whole number/],
    [
      task({ state: 'Paused' }),
      /line 1: state must be one of Pending, InProgress, Completed, Failed, or a number of 1, 2, 3, 4/,
    ],
    [task({ state: 0 }), /line 1: state must be one of/],
    [task({ state: undefined }), /line 1: state is missing/],
    [task({ task_id: '6' }), /line 1: task_id is there under two names/],
    [task({ lostLeases: -1 }), /line 1: lostLeases must not be negative/],
    [
      task({ idMappings: [{ sourceSegmentId: '1', partitionId: '3' }] }),
      /line 1: idMappings\.0\.targetSegmentId is missing/,
    ],
    [
      task({ idMappings: [{ sourceSegmentId: '1', targetSegmentId: '2', partitionId: '-2' }] }),
      /line 1: idMappings\.0\.partitionId must be between 1 and 2\^63-1, or -1/,
    ],
  ])('%s is named by its number, with the reason', async (line, message) => {
    await expect(readFileOf(line)).rejects.toThrow(message);
  });

  it('is named by its number in the file; all of them are', async () => {
    const text = [task({ taskId: '1' }), '', 'x', task({ taskId: '2' }), task({ taskId: '0' })].join('\n');
    await expect(readFileOf(text)).rejects.toThrow(/^line 3: .*\nline 5: taskId must be between/);
  });

  it('is one of twenty that are named, and of the others that are counted', async () => {
    const error = await readFileOf('x\n'.repeat(30)).catch(({ message }) => message);
    expect(error.split('\n')).toHaveLength(21);
    expect(error).toMatch(/line 20: .*\n… and 10 more lines$/);
  });

  it('may be one that is not UTF-8', async () => {
    const bytes = Buffer.from(task({ reason: 'Größe' }), 'latin1');
    await expect(readFileOf(bytes)).rejects.toThrow('line 1: must be UTF-8');
  });

  it('may be one that is there already, whatever is between the two', async () => {
    const others = Array.from({ length: 50 }, (_, index) => task({ taskId: String(index + 7) }));
    await expect(readFileOf([task({}), ...others, task({}), task({})].join('\n'))).rejects.toThrow(
      'line 52: task 6 of job 1 is on line 1 already\nline 53: task 6 of job 1 is on line 1 already',
    );
  });

  it('is not one whose key only hashes like another: of 30,000, some do', async () => {
    const ids = Array.from({ length: 30_000 }, (_, index) => 449_999_999_999_990_000n + BigInt(index));
    const rows = await readFileOf(ids.map((taskId) => task({ taskId: String(taskId) })).join('\n'));
    expect(rows).toHaveLength(30_000);
  });
});

describe('a misspelt field', () => {
  it.each([
    ['leaseExpireAt', 'leaseExpiresAt'],
    ['lease_expire_at', 'leaseExpiresAt'],
    ['LeaseExpiresAt', 'leaseExpiresAt'],
    ['lostLease', 'lostLeases'],
    ['enqueuCount', 'enqueueCount'],
    ['taskVerison', 'taskVersion'],
    ['idMapping', 'idMappings'],
    ['segmentDroppedAt', 'segmentsDroppedAt'],
    ['createdAt', 'createdTs'],
  ])('%s is refused: %s was meant', (name, meant) => {
    expect(() => only(task({ [name]: '1' }))).toThrow(`${name} is no field: did you mean ${meant}?`);
  });

  it('is one that Milvus does not have: its own may resemble others', () => {
    const segment = {
      ID: '2',
      collectionID: '7',
      partitionID: '3',
      state: 'Sealed',
      stats: {},
      createTs: '1',
    };
    expect(only(JSON.stringify({ segment })).item).toMatchObject({ segmentId: 2n });
  });
});

describe('a time', () => {
  const job = (fields: Record<string, unknown>): string =>
    JSON.stringify({ job: { jobId: '1', collectionId: '7', state: 'Executing', ...fields } });
  const ms = BigInt(NOW);
  const [seconds, nanoseconds, tso] = [ms / 1_000n, ms * 1_000_000n, ms << 18n].map(String);

  it('is in the unit that its field has', () => {
    expect(only(job({ startTs: nanoseconds, timeoutTs: tso })).item).toMatchObject({
      createdAt: NOW,
      timeoutAt: NOW,
    });
    expect(only(task({ leaseExpiresAt: NOW })).item).toMatchObject({ leaseExpiresAt: NOW });
  });

  it('of 0 is none', () => {
    expect(only(job({ completeTs: '0', timeoutTs: 0 })).item).not.toHaveProperty('completedAt');
    expect(only(job({ completeTs: '0', timeoutTs: 0 })).item).not.toHaveProperty('timeoutAt');
    expect(only(task({ leaseExpiresAt: '0' })).item).not.toHaveProperty('leaseExpiresAt');
  });

  it.each([
    [
      task({ leaseExpiresAt: seconds }),
      `leaseExpiresAt must be Unix milliseconds, but ${seconds} looks like seconds`,
    ],
    [
      task({ leaseExpiresAt: nanoseconds }),
      `must be Unix milliseconds, but ${nanoseconds} looks like nanoseconds`,
    ],
    [task({ leaseExpiresAt: tso }), `must be Unix milliseconds, but ${tso} looks like a TSO`],
    [task({ createdTs: NOW }), `createdTs must be Unix nanoseconds, but ${NOW} looks like milliseconds`],
    [job({ startTs: tso }), `startTs must be Unix nanoseconds, but ${tso} looks like a TSO`],
    [job({ timeoutTs: NOW }), `timeoutTs must be a TSO (milliseconds << 18), but ${NOW}`],
    [job({ timeoutTs: nanoseconds }), `but ${nanoseconds} looks like nanoseconds`],
    [job({ timeoutTs: seconds }), `but ${seconds} looks like seconds`],
    [task({ leaseExpiresAt: '123' }), 'must be Unix milliseconds between the years 2000 and 2150, is 123'],
    [task({ leaseExpiresAt: '-5' }), 'must be Unix milliseconds between the years 2000 and 2150, is -5'],
  ])('in another unit is refused, and the unit named: %s', (line, message) => {
    expect(() => only(line)).toThrow(message);
  });
});

describe('a file of another kind is told by its first bytes, with what makes a restore of it', () => {
  const text = `${task({})}\n`;
  it.each<[string, string | Uint8Array, RegExp, string | undefined]>([
    ['gzip', gzipSync(text), /^The file is compressed with gzip\.$/, 'gunzip -c'],
    [
      'UTF-16 with a byte order mark',
      utf16(`\uFEFF${text}`),
      /^The file is UTF-16/,
      'iconv -f UTF-16 -t UTF-8',
    ],
    ['UTF-16 without one', utf16(text), /^The file is UTF-16/, 'iconv -f UTF-16 -t UTF-8'],
    ['a JSON array', `[${text}]`, /^The file is a JSON array/, "jq -c '.[]'"],
    ['a JSON array on several lines', `[\n${text}]`, /^The file is a JSON array/, "jq -c '.[]'"],
    ['JSON over several lines', indented(text), /^The file is JSON over several lines/, 'jq -c .'],
    ['nothing', '', /^The file is empty; a restore has one record per line/, undefined],
    ['blank lines', '\n \r\n', /^The file is empty/, undefined],
    [
      'one endless line',
      'x'.repeat(17 * 2 ** 20),
      /^Line 1 is longer than 16 MiB: it must be one record/,
      undefined,
    ],
  ])('%s', async (_, content, message, filter) => {
    const error = await readFileOf(content).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(message), filter });
  });
});
