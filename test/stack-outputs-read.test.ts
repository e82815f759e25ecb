import { describe, expect, it } from 'vitest';
import { deploymentOf } from '../cli/connection/read-stack.ts';
import { ALARM_HEADINGS } from '../functions/pass/alarm-headings.ts';
import { synthesise } from './support/synthesise.ts';

const stack = synthesise();

/** The outputs that a command reads, each of which says its own name. */
function namesRead(): string[] {
  const names = new Set<string>();
  deploymentOf(
    'any',
    new Proxy<Record<string, string>>(
      {},
      {
        get(_, name) {
          names.add(String(name));
          return String(name);
        },
      },
    ),
  );
  return [...names];
}

const resourceOf = (output: string) => {
  const [id = ''] =
    /"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/.exec(JSON.stringify(stack.outputs[output]?.Value))?.slice(1) ?? [];
  return { id, type: stack.resources[id]?.Type, properties: stack.resources[id]?.Properties };
};

describe('what a command reads of a stack', () => {
  it('is among its outputs, by the same names', () => {
    expect(namesRead()).toContain('ScheduleName');
    expect(namesRead().filter((name) => stack.outputs[name] === undefined)).toEqual([]);
  });

  it.each([
    ['FunctionName', 'AWS::Lambda::Function', /^Inspector/],
    ['ScheduleName', 'AWS::Scheduler::Schedule', /^Inspector/],
    ['LogGroupName', 'AWS::Logs::LogGroup', /^Inspector/],
    ['FailedPassesUrl', 'AWS::SQS::Queue', /^InspectorFailedPasses/],
    ['CheckerFunctionName', 'AWS::Lambda::Function', /^Checker/],
    ['CheckerScheduleName', 'AWS::Scheduler::Schedule', /^Checker/],
    ['CheckerLogGroupName', 'AWS::Logs::LogGroup', /^Checker/],
    ['FailedChecksUrl', 'AWS::SQS::Queue', /^CheckerFailedPasses/],
    ['QueueUrl', 'AWS::SQS::Queue', /^SchedulerQueue/],
    ['JobsTableName', 'AWS::DynamoDB::GlobalTable', /Jobs/],
    ['TasksTableName', 'AWS::DynamoDB::GlobalTable', /Tasks/],
    ['SegmentsTableName', 'AWS::DynamoDB::GlobalTable', /Segments/],
  ])('%s is that of a resource of type %s, and of the part that it says', (output, type, id) => {
    expect(resourceOf(output)).toMatchObject({ type, id: expect.stringMatching(id) });
  });

  it('finds the schedule that invokes the function, whose log it reads', () => {
    for (const prefix of ['', 'Checker']) {
      const { properties } = resourceOf(`${prefix}ScheduleName`);
      const { id } = resourceOf(`${prefix}FunctionName`);
      expect(properties.Target.Arn).toEqual({ 'Fn::GetAtt': [id, 'Arn'] });
      const { LoggingConfig } = resourceOf(`${prefix}FunctionName`).properties;
      expect(LoggingConfig.LogGroup).toEqual({ Ref: resourceOf(`${prefix}LogGroupName`).id });
    }
  });

  it('finds every alarm by the prefix: what is left of its name is its heading', () => {
    const prefix = String(stack.outputs.AlarmNamePrefix?.Value);
    const names: string[] = stack
      .ofType('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties.AlarmName);
    expect(names.filter((name) => !name.startsWith(prefix))).toEqual([]);
    expect(names.map((name) => name.slice(prefix.length)).sort()).toEqual([...ALARM_HEADINGS].sort());
  });

  it('has the shards that the functions ask', () => {
    const { DUE_SHARDS } = resourceOf('FunctionName').properties.Environment.Variables;
    expect(stack.outputs.DueShards?.Value).toBe(DUE_SHARDS);
  });
});
