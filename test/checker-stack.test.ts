import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCheckEvent } from '../functions/checker/check-event.ts';
import { type Resource, synthesise } from './support/synthesise.ts';

// The streams have a suite of their own.
const stack = synthesise({ reactive: false });
const tables = { jobsTable: 'their-jobs', tasksTable: 'their-tasks', segmentsTable: 'their-segments' };

type Stack = typeof stack;

/** The checker's resource of a type. */
function ofChecker(type: string, of: Stack = stack): Resource {
  const found = Object.entries(of.resources).filter(
    ([id, { Type }]) => Type === type && id.startsWith('Checker'),
  );
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}`);
  return (found[0] as [string, Resource])[1];
}

const has = (of: Stack): boolean => Object.keys(of.resources).some((id) => id.startsWith('Checker'));

describe('the checker', () => {
  it('is deployed in a new stack, and not when it is not wanted', () => {
    expect(has(stack)).toBe(true);
    expect(has(synthesise({ checker: 'false' }))).toBe(false);
    expect(stack.ofType('AWS::Lambda::Function')).toHaveLength(2);
  });

  it('is not deployed beside tables that exist already, unless it is asked for', () => {
    expect(has(synthesise(tables))).toBe(false);
    const asked = synthesise({ ...tables, checker: 'true' });
    expect(ofChecker('AWS::Lambda::Function', asked).Properties.Environment.Variables).toEqual({
      JOBS_TABLE_NAME: 'their-jobs',
      TASKS_TABLE_NAME: 'their-tasks',
      SEGMENTS_TABLE_NAME: 'their-segments',
      DUE_SHARDS: '4',
      STACK_NAME: 'CopySegmentInspector',
      NODE_OPTIONS: '--max-semi-space-size=16 --max-old-space-size=256',
    });
    expect(JSON.stringify(statements(asked))).toContain('table/their-jobs/index/due');
  });

  it('is a function like the inspector: Node 24 on arm64, all the time there is, a log that is kept for ever, or as long as is asked for', () => {
    expect(ofChecker('AWS::Lambda::Function').Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1_024,
      Timeout: 900,
    });
    expect(ofChecker('AWS::Logs::LogGroup').Properties?.RetentionInDays).toBeUndefined();
    const kept = synthesise({ logRetentionDays: '90' });
    expect(ofChecker('AWS::Logs::LogGroup', kept).Properties.RetentionInDays).toBe(90);
    expect(ofChecker('AWS::Logs::LogGroup').DeletionPolicy).toBe('Retain');
    const configured = synthesise({ memoryMiB: '2048', shards: '8', disposable: 'true' });
    expect(ofChecker('AWS::Lambda::Function', configured).Properties).toMatchObject({
      MemorySize: 2_048,
      Environment: { Variables: { DUE_SHARDS: '8' } },
    });
    expect(ofChecker('AWS::Logs::LogGroup', configured).DeletionPolicy).toBe('Delete');
  });

  it('checks every minute, however often the inspector inspects', () => {
    const slow = synthesise({ scheduleMinutes: '5' });
    const { Properties: schedule } = ofChecker('AWS::Scheduler::Schedule', slow);
    expect(schedule.ScheduleExpression).toBe('rate(1 minute)');
    expect(parseCheckEvent(JSON.parse(schedule.Target.Input))).toEqual({ mode: 'check', dryRun: false });
    expect(schedule.Target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 });
  });

  it('hands on invocations that failed, or were never made, to a queue of its own', () => {
    const [queueId] = Object.entries(stack.resources).find(
      ([id, { Type }]) => Type === 'AWS::SQS::Queue' && id.startsWith('Checker'),
    ) as [string, Resource];
    const config = ofChecker('AWS::Lambda::EventInvokeConfig').Properties;
    expect(config).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    expect(JSON.stringify(config.DestinationConfig)).toContain(queueId);
    const { Properties: schedule } = ofChecker('AWS::Scheduler::Schedule');
    expect(JSON.stringify(schedule.Target.DeadLetterConfig)).toContain(queueId);
  });

  it('can be found by the outputs', () => {
    const types: Record<string, string> = {
      CheckerFunctionName: 'AWS::Lambda::Function',
      CheckerFunctionRoleArn: 'AWS::IAM::Role',
      CheckerLogGroupName: 'AWS::Logs::LogGroup',
      CheckerScheduleName: 'AWS::Scheduler::Schedule',
      FailedChecksUrl: 'AWS::SQS::Queue',
    };
    for (const [name, type] of Object.entries(types)) {
      const [, id = ''] =
        /"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/.exec(JSON.stringify(stack.outputs[name]?.Value)) ?? [];
      expect(id).toMatch(/^Checker/);
      expect(stack.resources[id]?.Type).toBe(type);
    }
    const without = synthesise({ checker: false });
    expect(Object.keys(without.outputs).filter((name) => /Check/.test(name))).toEqual([]);
  });
});

/** What the role of the checker's function allows. */
function statements(of: Stack = stack): { action: string; resource: string }[] {
  const [roleId] = Object.entries(of.resources).find(
    ([id, { Type }]) => Type === 'AWS::IAM::Role' && /^CheckerRole/.test(id),
  ) as [string, Resource];
  const isOfRole = ({ Properties }: Resource): boolean => JSON.stringify(Properties.Roles).includes(roleId);
  return of
    .ofType('AWS::IAM::Policy')
    .filter(isOfRole)
    .flatMap(
      ({ Properties }) =>
        Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
    )
    .flatMap(({ Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource].flat().map((resource) => ({ action, resource: JSON.stringify(resource) })),
        ),
    );
}

describe('the role of the checker', () => {
  const allowed = (kind: string): string[] =>
    statements()
      .filter(
        ({ action, resource }) => action.startsWith('dynamodb:') && resource.includes(`Metadata${kind}`),
      )
      .map(({ action, resource }) => `${action.slice(9)}${resource.includes('/index/due') ? ' due' : ''}`)
      .sort();

  it('allows what a check does with each table, and no more: tasks it reads', () => {
    expect(allowed('Jobs')).toEqual([
      'BatchGetItem',
      'ConditionCheckItem',
      'PartiQLUpdate',
      'Query due',
      'Scan',
      'UpdateItem',
    ]);
    expect(allowed('Tasks')).toEqual(['Query']);
    expect(allowed('Segments')).toEqual(['BatchGetItem', 'UpdateItem']);
  });

  it('names exact actions on exact resources, and has nothing to do with the scheduler’s queue', () => {
    for (const { action, resource } of statements()) {
      expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
      expect(resource).not.toContain('*');
      expect(resource).not.toContain('SchedulerQueue');
    }
  });

  it.each(['Jobs', 'Tasks', 'Segments'])('on %s is the one that SECURITY.md lists', (kind) => {
    const text = readFileSync(join(import.meta.dirname, '../SECURITY.md'), 'utf8');
    const section = text.slice(text.indexOf('The checker, where it is deployed'));
    const row = section.split('\n').find((line) => line.startsWith(`| ${kind} |`)) ?? '';
    const listed = [...row.matchAll(/dynamodb:(\w+)/g)].map(([, action]) => action);
    expect(listed).toEqual(allowed(kind).filter((action) => !action.endsWith(' due')));
  });

  it('covers every operation that a check asks of a table', async () => {
    const { checkerWorld, copied, submitted } = await import('./support/checker-world.ts');
    const { job, NOW, segment, task } = await import('./support/builders.ts');
    const world = await checkerWorld();
    await world.has(
      copied(1, 250, 1n),
      copied(1, 3, 2n),
      submitted(1, 1, { jobId: 3n, state: 'Pending' }),
      task({ jobId: 3n, targets: [30n] }),
      job({ jobId: 4n, dueAt: null }),
      job({ jobId: 5n, state: 'Completed', dueAt: NOW }),
    );
    await world.put('segments', segment(1_000_001n, 'Dropped', { jobId: 2n }).item);
    const asked = new Set<string>();
    const disturb = async ({
      operation,
      input,
      proceed,
    }: {
      operation: string;
      input: Record<string, unknown>;
      proceed(): Promise<unknown>;
    }): Promise<unknown> => {
      const kindOf = (table: unknown): string =>
        Object.entries(world.tables).find(([, name]) => name === table)?.[0] ?? '';
      if (operation === 'TransactWriteItems')
        for (const item of input.TransactItems as Record<string, { TableName: string }>[])
          for (const [part, { TableName }] of Object.entries(item))
            asked.add(`${kindOf(TableName)} ${part === 'Update' ? 'UpdateItem' : 'ConditionCheckItem'}`);
      else if (operation === 'BatchExecuteStatement')
        for (const { Statement } of input.Statements as { Statement: string }[])
          asked.add(`${kindOf(/UPDATE "([^"]+)"/.exec(Statement)?.[1])} PartiQLUpdate`);
      else if (operation === 'BatchGetItem')
        for (const table of Object.keys(input.RequestItems as object))
          asked.add(`${kindOf(table)} ${operation}`);
      else asked.add(`${kindOf(input.TableName)} ${operation}${input.IndexName ? ' due' : ''}`);
      return proceed();
    };
    await world.check({}, { disturb });
    await world.check({ mode: 'recover' }, { disturb });
    const granted = (['Jobs', 'Tasks', 'Segments'] as const).flatMap((kind) =>
      allowed(kind).map((action) => `${kind.toLowerCase()} ${action}`),
    );
    expect([...asked].sort()).toEqual(granted.sort());
  });
});
