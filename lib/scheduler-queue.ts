import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { pagingAlarm } from './alarm.ts';

/** Workers take a task by a conditional write; nobody wants a message that was received this often. */
const MAX_RECEIVES = 5;

/** All the time that Lambda gives: what is not copied then is handed over. */
export const WORKER_TIMEOUT = Duration.minutes(15);

/**
 * When a message comes back that nobody deleted: six times the timeout of the function at the queue, as Lambda wants it.
 * Workers of other kinds keep to their leases, not to this.
 */
const VISIBILITY = Duration.minutes(6 * WORKER_TIMEOUT.toMinutes());

/** SQS keeps no message longer. */
const MAX_RETENTION = Duration.days(14);

export interface SchedulerQueueProps {
  /** A queue that exists already, standard or FIFO; it is not changed. */
  readonly existingArn?: string | undefined;
}

/** The queue that the scheduler's workers take tasks from. */
export class SchedulerQueue extends Construct {
  readonly queue: IQueue;
  /** What no worker could take; an existing queue has, or has not, its own. */
  readonly deadLetters?: IQueue;
  readonly alarms: readonly Alarm[] = [];

  constructor(scope: Construct, id: string, { existingArn }: SchedulerQueueProps) {
    super(scope, id);
    if (existingArn !== undefined) {
      this.queue = Queue.fromQueueArn(this, 'Existing', existingArn);
      return;
    }
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      ...secured,
      retentionPeriod: MAX_RETENTION,
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
    this.alarms = [
      pagingAlarm(this, 'DeadLettersAlarm', {
        heading: 'Dead letters',
        impact: 'Workers receive messages and do not finish with them: tasks are copied late, or not at all.',
        command: 'status',
        metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          period: Duration.minutes(5),
        }),
        threshold: 1,
        of: 1,
        breaching: 1,
      }),
    ];
  }

  grantSend(role: IRole): void {
    this.grant(role, 'sqs:SendMessage');
  }

  /** What Lambda does at the queue as the function's role. */
  grantReceive(role: IRole): void {
    this.grant(role, 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
  }

  private grant(role: IRole, ...actions: string[]): void {
    role.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [this.queue.queueArn] }));
  }
}

/** A queue for what could not be delivered, kept for two weeks. */
export const deadLetterQueue = (scope: Construct, id: string): Queue =>
  new Queue(scope, id, { ...secured, retentionPeriod: MAX_RETENTION });

const secured = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
