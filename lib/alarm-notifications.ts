import { Annotations, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

export interface AlarmNotificationsProps {
  readonly alarms: readonly Alarm[];
  /** A topic that exists already. */
  readonly topicArn?: string | undefined;
  /** An address that is asked to confirm. */
  readonly email?: string | undefined;
}

/** Who is told when an alarm goes off, and when it is over. */
export class AlarmNotifications extends Construct {
  constructor(scope: Construct, id: string, { alarms, topicArn, email }: AlarmNotificationsProps) {
    super(scope, id);
    const topics: ITopic[] = [
      ...(topicArn === undefined ? [] : [Topic.fromTopicArn(this, 'Existing', topicArn)]),
      ...(email === undefined ? [] : [this.createTopic(email)]),
    ];
    if (topics.length === 0)
      Annotations.of(this).addWarningV2(
        'copy-segment:nobody-is-alarmed',
        'nobody is told when an alarm goes off: name -c alarmTopicArn=… or -c alarmEmail=…',
      );
    for (const alarm of alarms)
      for (const action of topics.map((topic) => new SnsAction(topic))) {
        alarm.addAlarmAction(action);
        alarm.addOkAction(action);
      }
  }

  private createTopic(email: string): Topic {
    const topic = new Topic(this, 'Topic', { enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    // A policy that demands TLS takes the place of the one that lets the whole account publish.
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }
}
