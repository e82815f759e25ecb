import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { WAKES_CHECKER_ON_TASKS } from '../functions/checker/wake-patterns.ts';
import { WAKES_INSPECTOR_ON_JOBS, WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import { disturbedClients, embeddedWorld } from './support/embedded-world.ts';
import { type Resource, synthesise } from './support/synthesise.ts';

const stack = synthesise();
const tables = { jobsTable: 'their-jobs', tasksTable: 'their-tasks', segmentsTable: 'their-segments' };
const streamOf = (table: string): string =>
  `arn:aws:dynamodb:eu-west-1:123456789012:table/${table}/stream/2026-11-22T12:00:00.000`;
const streams = { jobsStreamArn: streamOf('their-jobs'), tasksStreamArn: streamOf('their-tasks') };

type Stack = typeof stack;
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const TABLE = 'AWS::DynamoDB::GlobalTable';

const mapping = (id: string, of: Stack = stack): Resource => {
  const found = Object.entries(of.resources).filter(
    ([name, { Type }]) => Type === MAPPING && name.startsWith(`Reactions${id}`),
  );
  expect(found).toHaveLength(1);
  return (found[0] as [string, Resource])[1];
};

const MAPPINGS = [
  ['InspectorOnTasks', 'InspectorFunction', 'MetadataTasks', WAKES_INSPECTOR_ON_TASKS, 0],
  ['InspectorOnJobs', 'InspectorFunction', 'MetadataJobs', WAKES_INSPECTOR_ON_JOBS, 0],
  ['CheckerOnTasks', 'CheckerFunction', 'MetadataTasks', WAKES_CHECKER_ON_TASKS, 1],
] as const;

describe.each(MAPPINGS)('%s', (id, target, table, patterns, window) => {
  const { Properties } = mapping(id);

  it('hands the records that pass the tested patterns to the function that the schedule invokes', () => {
    expect(JSON.stringify(Properties.FunctionName)).toContain(target);
    expect(JSON.stringify(Properties.EventSourceArn)).toContain(table);
    const deployed = Properties.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) =>
      JSON.parse(Pattern),
    );
    expect(deployed).toEqual(patterns);
  });

  it('is bounded: a batch per shard at a time, three retries, five minutes, and a queue for what is given up', () => {
    expect(Properties).toMatchObject({
      BatchSize: 1_000,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumBatchingWindowInSeconds: window,
      MaximumRecordAgeInSeconds: 300,
      MaximumRetryAttempts: 3,
      ParallelizationFactor: 1,
      StartingPosition: 'LATEST',
    });
    const owner = target.replace('Function', '');
    expect(JSON.stringify(Properties.DestinationConfig.OnFailure.Destination)).toContain(
      `${owner}FailedPasses`,
    );
  });
});

describe('the streams', () => {
  const viewTypes = (of: Stack): (string | undefined)[] =>
    of.ofType(TABLE).map(({ Properties }) => Properties.StreamSpecification?.StreamViewType);

  it('of Jobs and Tasks have both images, which the patterns compare; Segments has none', () => {
    expect(viewTypes(stack).sort()).toEqual(['NEW_AND_OLD_IMAGES', 'NEW_AND_OLD_IMAGES', undefined]);
  });

  it('are as on the embedded engine', async () => {
    const { tables } = await embeddedWorld({ streams: true });
    const { dynamo } = disturbedClients();
    for (const TableName of [tables.jobs, tables.tasks]) {
      const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
      expect(Table?.StreamSpecification?.StreamViewType).toBe('NEW_AND_OLD_IMAGES');
    }
  });

  it('are left out, and nobody is woken, with reactive=false', () => {
    const scheduled = synthesise({ reactive: 'false' });
    expect(viewTypes(scheduled)).toEqual([undefined, undefined, undefined]);
    expect(scheduled.ofType(MAPPING)).toEqual([]);
    expect(JSON.stringify(scheduled.ofType('AWS::IAM::Policy'))).not.toContain('GetRecords');
  });

  it('wake the inspector alone in a stack without the checker', () => {
    const alone = synthesise({ checker: 'false' });
    expect(alone.ofType(MAPPING)).toHaveLength(2);
  });

  it('of tables that exist already are read when they are named, and only then', () => {
    expect(synthesise(tables).ofType(MAPPING)).toEqual([]);
    const existing = synthesise({ ...tables, ...streams, checker: true });
    expect(existing.ofType(TABLE)).toEqual([]);
    expect(mapping('InspectorOnTasks', existing).Properties.EventSourceArn).toBe(streams.tasksStreamArn);
    expect(mapping('InspectorOnJobs', existing).Properties.EventSourceArn).toBe(streams.jobsStreamArn);
    expect(mapping('CheckerOnTasks', existing).Properties.EventSourceArn).toBe(streams.tasksStreamArn);
    expect(synthesise({ ...tables, ...streams, reactive: 'false' }).ofType(MAPPING)).toEqual([]);
  });
});

describe('the roles', () => {
  const onStreams = (of: Stack, role: string): { action: string; resource: string }[] =>
    of
      .ofType('AWS::IAM::Policy')
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
      .flatMap(
        ({ Properties }) => Properties.PolicyDocument.Statement as { Action: string[]; Resource: unknown }[],
      )
      .flatMap(({ Action, Resource: resource }) =>
        [Action].flat().map((action) => ({ action, resource: JSON.stringify(resource) })),
      )
      .filter(({ resource }) => /StreamArn|\/stream\//.test(resource));

  const ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
    (name) => `dynamodb:${name}`,
  );

  it('allow to read the streams that wake the function, each by its name', () => {
    const actions = (role: string, stream: RegExp): string[] =>
      onStreams(stack, role).flatMap(({ action, resource }) => (stream.test(resource) ? [action] : []));
    expect(actions('InspectorRole', /MetadataTasks/)).toEqual(ACTIONS);
    expect(actions('InspectorRole', /MetadataJobs/)).toEqual(ACTIONS);
    expect(actions('CheckerRole', /MetadataTasks/)).toEqual(ACTIONS);
    expect(actions('CheckerRole', /MetadataJobs/)).toEqual([]);
    for (const { resource } of [...onStreams(stack, 'InspectorRole'), ...onStreams(stack, 'CheckerRole')])
      expect(resource).not.toContain('*');
  });

  it('allow the same on streams that exist already', () => {
    const existing = synthesise({ ...tables, ...streams });
    for (const arn of Object.values(streams)) {
      const actions = onStreams(existing, 'InspectorRole').filter(({ resource }) => resource.includes(arn));
      expect(actions.map(({ action }) => action)).toEqual(ACTIONS);
    }
  });

  it('are those that SECURITY.md lists', () => {
    const text = readFileSync(join(import.meta.dirname, '../SECURITY.md'), 'utf8');
    const rows = text.split('\n').filter((line) => /^\| the streams? of /.test(line));
    expect(rows.map((row) => row.split('|')[1]?.trim())).toEqual([
      'the streams of Jobs and Tasks',
      'the stream of Tasks',
    ]);
    for (const row of rows)
      expect([...row.matchAll(/dynamodb:\w+/g)].map(([action]) => action)).toEqual(ACTIONS);
  });
});
