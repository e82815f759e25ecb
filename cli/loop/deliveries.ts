import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Time } from '../../functions/worker/timers.ts';

/** As the stack deploys it: six times the time-out of the reference worker. */
export const VISIBILITY_MS = 90 * 60_000;

/** The queue, as its consumers see it: its visibility timeout runs by their clock. */
export interface Deliveries {
  /** The next message, if there is one now. */
  receive(): Promise<Delivery | undefined>;
  /** How many messages were received that nobody has deleted. */
  readonly undeleted: number;
  /** Waits until whatever has become visible again can be received. */
  settled(): Promise<void>;
}

/** One message in the hands of a consumer. */
export interface Delivery {
  readonly body: string;
  /** How often it has been received, this time included. */
  readonly receipts: number;
  delete(): Promise<void>;
}

export function createDeliveries(
  sqs: SQSClient,
  QueueUrl: string,
  { after }: Pick<Time, 'after'>,
): Deliveries {
  /** How often each message that is still there has been received. */
  const receipts = new Map<string, number>();
  let settling: Promise<unknown> = Promise.resolve();

  const show = (ReceiptHandle: string): void => {
    const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    // One that stays hidden is missed at the end.
    settling = Promise.all([settling, sqs.send(command).catch(() => {})]);
  };

  const deliveryOf = ({ MessageId = '', ReceiptHandle = '', Body = '' }: Message): Delivery => {
    const times = (receipts.get(MessageId) ?? 0) + 1;
    receipts.set(MessageId, times);
    const cancel = after(VISIBILITY_MS, () => show(ReceiptHandle));
    return {
      body: Body,
      receipts: times,
      async delete() {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        cancel();
        receipts.delete(MessageId);
      },
    };
  };

  return {
    async receive() {
      const command = new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: VISIBILITY_MS / 1_000 });
      const [message] = (await sqs.send(command)).Messages ?? [];
      return message && deliveryOf(message);
    },
    get undeleted() {
      return receipts.size;
    },
    async settled() {
      await settling;
    },
  };
}
