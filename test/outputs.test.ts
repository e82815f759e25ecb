import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parsePassEvent } from '../functions/inspector/pass-event.ts';
import { synthesise } from './support/synthesise.ts';

// The outputs of the checker are in its own suite.
const stack = synthesise({ checker: false });

describe('the outputs', () => {
  it('name everything that an operator has to find, and the commands that recover', () => {
    expect(Object.keys(stack.outputs).sort()).toEqual([
      'AlarmNamePrefix',
      'DashboardName',
      'DeadLetterQueueUrl',
      'DueShards',
      'FailedPassesUrl',
      'FunctionName',
      'FunctionRoleArn',
      'JobsTableName',
      'LogGroupName',
      'LongRecoveryCommand',
      'MaxDrops',
      'QueueUrl',
      'RecoveryCommand',
      'RecoveryReportsCommand',
      'ScheduleName',
      'SegmentsTableName',
      'TasksTableName',
    ]);
  });

  it.each([
    ['DeadLetterQueueUrl', 'AWS::SQS::Queue'],
    ['FailedPassesUrl', 'AWS::SQS::Queue'],
    ['FunctionName', 'AWS::Lambda::Function'],
    ['FunctionRoleArn', 'AWS::IAM::Role'],
    ['LogGroupName', 'AWS::Logs::LogGroup'],
    ['ScheduleName', 'AWS::Scheduler::Schedule'],
  ])('%s is that of a resource of type %s', (name, type) => {
    const [id] = references(stack.outputs[name]?.Value);
    expect(stack.resources[id as string]?.Type).toBe(type);
  });

  it('name the dead-letter queue, not the queue itself, and the role of the function, not of the schedule', () => {
    const [deadLetters] = references(stack.outputs.DeadLetterQueueUrl?.Value);
    const redriving = stack.ofType('AWS::SQS::Queue').find(({ Properties }) => Properties.RedrivePolicy);
    expect(references(redriving?.Properties.RedrivePolicy)).toEqual([deadLetters]);
    const { Role } = stack.only('AWS::Lambda::Function').Properties;
    expect(references(stack.outputs.FunctionRoleArn?.Value)).toEqual(references(Role));
  });

  it('name no dead-letter queue for a queue that exists already: it has its own, or none', () => {
    const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:their-queue';
    const existing = synthesise({ queueArn });
    expect(Object.keys(existing.outputs)).not.toContain('DeadLetterQueueUrl');
  });
});

describe('a command among the outputs', () => {
  it('recovers: its shell hands the handler’s own event to the CLI as bytes, and keeps the report in a file', async () => {
    const { args, stdin } = await typed('RecoveryCommand');
    expect(parsePassEvent(JSON.parse(stdin))).toMatchObject({ mode: 'recover' });
    expect(args).toEqual([
      ...['lambda', 'invoke', '--function-name', 'the-function', '--cli-read-timeout', '960'],
      ...['--payload', 'fileb:///dev/stdin', 'recovery.json'],
    ]);
  });

  it('waits longer than the function can take', async () => {
    const { args } = await typed('RecoveryCommand');
    const seconds = Number(args[args.indexOf('--cli-read-timeout') + 1]);
    expect(seconds).toBeGreaterThan(stack.only('AWS::Lambda::Function').Properties.Timeout);
  });

  it('starts a long recovery without waiting for it', async () => {
    const { args, stdin } = await typed('LongRecoveryCommand');
    expect(parsePassEvent(JSON.parse(stdin))).toMatchObject({ mode: 'recover' });
    expect(args.join(' ')).toContain('--invocation-type Event');
  });

  it('reads the reports of the last hour’s recoveries from the function’s log group', async () => {
    const { args } = await typed('RecoveryReportsCommand');
    const of = (option: string) => args[args.indexOf(option) + 1];
    expect(of('--log-group-name')).toBe('the-log-group');
    expect(of('--filter-pattern')).toBe('{ $.mode = "recover" }');
    expect(of('--query')).toBe('events[].[message]');
    const ageInHours = (Date.now() - Number(of('--start-time'))) / 3_600_000;
    expect(ageInHours).toBeGreaterThan(0.9);
  });
});

/** Logical ids, in order of appearance. */
function references(value: unknown): string[] {
  const text = JSON.stringify(value);
  return [...text.matchAll(/"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/g)].map(([, id]) => id as string);
}

/** What the AWS CLI would be given if an operator pasted the output into a shell. */
async function typed(output: string): Promise<{ args: string[]; stdin: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'operator-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const cli = join(directory, 'aws');
  writeFileSync(cli, `#!/bin/sh\ncd '${directory}'\nprintf '%s\\n' "$@" > args\ncat > stdin\n`);
  chmodSync(cli, 0o755);

  const value = (stack.outputs[output] as { Value: { 'Fn::Join': [string, unknown[]] } }).Value;
  const command = value['Fn::Join'][1]
    .map((part) => {
      if (typeof part === 'string') return part;
      const [id] = references(part);
      return stack.resources[id as string]?.Type === 'AWS::Logs::LogGroup' ? 'the-log-group' : 'the-function';
    })
    .join('');
  const PATH = `${directory}${delimiter}${process.env.PATH}`;
  const running = promisify(execFile)('sh', ['-c', command], { env: { ...process.env, PATH } });
  running.child.stdin?.end();
  await running;
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  return { args: read('args').trimEnd().split('\n'), stdin: read('stdin') };
}
