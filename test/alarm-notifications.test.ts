import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { createApp, synthesise } from './support/synthesise.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:on-call';
const nobody = { 'aws:cdk:bundling-stacks': [], alarmTopicArn: undefined };
const alarmsOf = (context: Record<string, unknown>) =>
  synthesise(context)
    .ofType('AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties);

describe('the alarms', () => {
  it('tell a topic that exists already when they go off, and when it is over', () => {
    const alarms = alarmsOf({ alarmTopicArn: TOPIC });
    expect(alarms).toHaveLength(10);
    for (const alarm of alarms) expect(alarm).toMatchObject({ AlarmActions: [TOPIC], OKActions: [TOPIC] });
  });

  it('tell an address by mail, through a topic that CloudWatch of this account alone may publish to, over TLS', () => {
    const context = { ...nobody, alarmEmail: 'ann@example.com' };
    const stack = synthesise(context);
    expect(stack.only('AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ann@example.com',
    });
    const [topic] = Object.entries(stack.resources).find(([, { Type }]) => Type === 'AWS::SNS::Topic') ?? [];
    for (const { AlarmActions, OKActions } of alarmsOf(context))
      expect([...AlarmActions, ...OKActions]).toEqual([{ Ref: topic }, { Ref: topic }]);
    const { Statement } = stack.only('AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(Statement).toHaveLength(2);
    expect(Statement).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          Effect: 'Deny',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
        expect.objectContaining({
          Effect: 'Allow',
          Action: 'sns:Publish',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ]),
    );
  });

  it('tell both, if both are named', () => {
    const [alarm] = alarmsOf({ alarmTopicArn: TOPIC, alarmEmail: 'ann@example.com' });
    expect(alarm?.AlarmActions).toHaveLength(2);
  });

  it('that nobody is told of are there, and the synthesis says so', () => {
    const { stack } = createApp(nobody);
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('nobody is told.*alarmTopicArn.*alarmEmail'),
    );
    expect(alarmsOf(nobody)).toHaveLength(10);
    const { stack: told } = createApp({ ...nobody, alarmTopicArn: TOPIC });
    Annotations.fromStack(told).hasNoWarning('*', Match.stringLikeRegexp('nobody is told'));
  });

  it('say in their description what it means, where to read on, and what to type, within what CloudWatch takes', () => {
    for (const { AlarmDescription, AlarmName } of alarmsOf({})) {
      expect(AlarmDescription).toMatch(
        /^[A-Z].+\. RUNBOOK\.md: ".+"\. Type: npx copy-segment .+ --stack CopySegmentInspector$/,
      );
      expect(AlarmDescription.length).toBeLessThanOrEqual(1_024);
      expect(AlarmName).toMatch(/^CopySegmentInspector: [A-Z]/);
    }
  });

  it('are those of the inspector and the queue when there is no checker', () => {
    const names = alarmsOf({ checker: false }).map(({ AlarmName }) => AlarmName.split(': ')[1]);
    expect(names).toHaveLength(8);
    expect(names).not.toContain('No checks');
  });
});
