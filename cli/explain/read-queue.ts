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
      ...(deadLetters !== undefined && { deadLetters }),
    };
  } catch (error) {
    return isMissing(error) ? { kind: 'missing' } : { kind: 'unread', reason: describeError(error) };
  }
}

/** How many messages are in a queue, unless it cannot be asked. */
export async function depthOf(sqs: Pick<SQSClient, 'send'>, QueueUrl: string): Promise<number | undefined> {
  try {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return Number(Attributes.ApproximateNumberOfMessages ?? 0);
  } catch {
    return undefined;
  }
}

async function readDeadLetters(
  sqs: Pick<SQSClient, 'send'>,
  policy: string | undefined,
): Promise<number | undefined> {
  const arn = policy === undefined ? undefined : JSON.parse(policy).deadLetterTargetArn;
  const QueueName = typeof arn === 'string' ? arn.split(':').at(-1) : undefined;
  if (QueueName === undefined) return undefined;
  const found = await sqs.send(new GetQueueUrlCommand({ QueueName })).catch(() => undefined);
  return found?.QueueUrl === undefined ? undefined : depthOf(sqs, found.QueueUrl);
}

const isMissing = (error: unknown): boolean =>
  error instanceof QueueDoesNotExist ||
  (error instanceof Error && /NonExistentQueue|QueueDoesNotExist/.test(error.name));
