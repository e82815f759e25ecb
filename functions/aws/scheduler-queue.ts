import { SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { describeError } from '../copy-segment/describe-error.ts';
import type { SchedulerQueue, SendOutcome } from '../copy-segment/stores.ts';
import type { TaskMessage } from '../copy-segment/task-message.ts';
import { createBreaker } from './breaker.ts';
import type { AwsClients } from './metered-clients.ts';
import { retryLeftovers } from './retry-leftovers.ts';

/**
 * @param queueUrl a standard queue, or a FIFO queue, whose name ends in `.fifo`
 * @param now epoch milliseconds
 */
export function createSchedulerQueue(
  clients: AwsClients,
  queueUrl: string,
  now: () => number,
): SchedulerQueue {
  const order = queueUrl.endsWith('.fifo') ? fifoOrder : fairOrder;
  const breaker = createBreaker(now);

  return {
    async send(messages) {
      if (!breaker.letsThrough())
        return messages.map(() => ({ kind: 'failed', reason: 'the queue failed several times in a row' }));
      const outcomes = messages.map(
        (): SendOutcome => ({ kind: 'failed', reason: 'SQS gave no answer for it' }),
      );

      const send = async (indexes: readonly number[]): Promise<readonly number[]> => {
        const entries = indexes.map((index) => entryOf(index, messages[index] as TaskMessage, order));
        try {
          const output = await clients.sqs.send(
            new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }),
          );
          breaker.succeeded();
          for (const { Id } of output.Successful ?? []) outcomes[Number(Id)] = { kind: 'sent' };
          const rejected = output.Failed ?? [];
          for (const { Id, Code, Message } of rejected)
            outcomes[Number(Id)] = { kind: 'failed', reason: `${Code}: ${Message ?? 'rejected by SQS'}` };
          return rejected.filter((entry) => entry.SenderFault !== true).map((entry) => Number(entry.Id));
        } catch (error) {
          breaker.failed();
          for (const index of indexes) outcomes[index] = { kind: 'failed', reason: describeError(error) };
          return [];
        }
      };

      await retryLeftovers([...messages.keys()], send, clients.signal);
      return outcomes;
    },
  };
}

type Order = (
  message: TaskMessage,
) => Pick<SendMessageBatchRequestEntry, 'MessageGroupId' | 'MessageDeduplicationId'>;

// A group on a standard queue makes it fair: a restore of ten thousand tasks does not starve one of ten.
const fairOrder: Order = ({ body }) => ({ MessageGroupId: body.jobId });

// SQS swallows a repeated deduplication id for at least five minutes: the counters keep a task that came back
// from being swallowed. A separate group lets every task be taken while its siblings are in flight.
const fifoOrder: Order = ({ body: { jobId, taskId, taskVersion, attempt } }) => ({
  MessageGroupId: `${jobId}/${taskId}`,
  MessageDeduplicationId: `${jobId}/${taskId}/${taskVersion}/${attempt}`,
});

const entryOf = (index: number, message: TaskMessage, order: Order): SendMessageBatchRequestEntry => ({
  Id: String(index),
  MessageBody: JSON.stringify(message.body),
  ...order(message),
});
