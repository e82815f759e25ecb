import { Duration } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Workers take a task by a conditional write; nobody wants a message that was received this often. */
const MAX_RECEIVES = 5;

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
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }

  grantSend(role: IRole): void {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }),
    );
  }
}

/** A queue for what could not be delivered, kept for two weeks. */
export const deadLetterQueue = (scope: Construct, id: string): Queue =>
  new Queue(scope, id, { ...secured, retentionPeriod: MAX_RETENTION });

const secured = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
