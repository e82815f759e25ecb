import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { QueueFacts } from './facts.ts';

/** The queue's own numbers, which SQS calls approximate. */
export async function readQueue(
  sqs: Pick<SQSClient, 'send'>,
  QueueUrl: string | undefined,
): Promise<QueueFacts> {
  if (QueueUrl === undefined) return { kind: 'unnamed' };
  try {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const count = (name: QueueAttributeName): number => Number(Attributes[name] ?? 0);
    const deadLetters = await readDeadLetters(sqs, Attributes.RedrivePolicy);
    return {
      kind: 'read',
      visible: count('ApproximateNumberOfMessages') + count('ApproximateNumberOfMessagesDelayed'),
      inFlight: count('ApproximateNumberOfMessagesNotVisible'),
      ...deadLetters,
    };
  } catch (error) {
    return isMissing(error) ? { kind: 'missing' } : { kind: 'unread', reason: describeError(error) };
  }
}

/** How many messages are in a queue. */
export async function depthOf(sqs: Pick<SQSClient, 'send'>, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(Attributes.ApproximateNumberOfMessages ?? 0);
}

/** Nothing of a queue that has none; their place may be closed to whoever may read the queue. */
async function readDeadLetters(
  sqs: Pick<SQSClient, 'send'>,
  policy: string | undefined,
): Promise<Pick<Extract<QueueFacts, { kind: 'read' }>, 'deadLetters' | 'deadLettersUnread'>> {
  const arn = policy === undefined ? undefined : JSON.parse(policy).deadLetterTargetArn;
  const QueueName = typeof arn === 'string' ? arn.split(':').at(-1) : undefined;
  if (QueueName === undefined) return {};
  try {
    const { QueueUrl = '' } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
    return { deadLetters: await depthOf(sqs, QueueUrl) };
  } catch (error) {
    return { deadLettersUnread: describeError(error) };
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof QueueDoesNotExist ||
  (error instanceof Error && /NonExistentQueue|QueueDoesNotExist/.test(error.name));
