import { describe, expect, it } from 'vitest';
import { readRestore } from '../cli/restore-file/read-restore.ts';
import { NOW } from './support/builders.ts';

const only = (line: string) => readRestore(line, NOW)[0];
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
    expect(only(JSON.stringify({ segment: dropped }))?.item).toMatchObject({
      state: 'Dropped',
      droppedAt: 1_795_255_200_000,
    });
  });

  it.each<[Record<string, unknown>, number | undefined]>([
    [{ state: 'Pending' }, NOW],
    [{ state: 'InProgress', leaseExpiresAt: '123' }, 123],
    [{ state: 'InProgress' }, undefined],
    [{ state: 'Failed' }, NOW],
    [{ state: 'Failed', segmentsDroppedAt: '123' }, undefined],
    [{ state: 'Completed' }, undefined],
  ])('gives a task the marker that its writer would: %o', (fields, dueAt) => {
    expect(only(task(fields))?.item.dueAt).toBe(dueAt);
  });

  it('leaves out what proto3 JSON leaves out: defaults, and fields that are null', () => {
    const item = only(task({ nodeId: '0', reason: '', taskVersion: null }))?.item;
    expect(item).toMatchObject({ taskVersion: 0n, enqueueCount: 0n, idMappings: [] });
    expect(item).not.toHaveProperty('nodeId');
    expect(item).not.toHaveProperty('reason');
  });

  it('may have empty lines, and line ends of Windows', () => {
    expect(
      readRestore(`\uFEFF${task({ taskId: '1' })}\r\n\r\n${task({ taskId: '2' })}\r\n`, NOW),
    ).toHaveLength(2);
  });
});

describe('a line that cannot be read', () => {
  it.each<[string, RegExp]>([
    ['{"task":', /^line 1: .*JSON|^line 1: .*expected/i],
    ['[]', /line 1: must be a JSON object/],
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
    [
      task({ idMappings: [{ sourceSegmentId: '1', partitionId: '3' }] }),
      /line 1: idMappings\.0\.targetSegmentId is missing/,
    ],
  ])('%s is named by its number, with the reason', (line, message) => {
    expect(() => readRestore(line, NOW)).toThrow(message);
  });

  it('is named by its number in the file; all of them are', () => {
    const text = [task({ taskId: '1' }), '', 'x', task({ taskId: '2' }), task({ taskId: '0' })].join('\n');
    expect(() => readRestore(text, NOW)).toThrow(/^line 3: .*\nline 5: taskId must be between/);
  });

  it('may be one that is there twice', () => {
    expect(() => readRestore([task({}), task({})].join('\n'), NOW)).toThrow(
      'line 2: task 6 of job 1 is on line 1 already',
    );
  });
});
