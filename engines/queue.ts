import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** @returns its URL */
export async function createQueue(sqs: SQSClient, name: string, fifo: boolean): Promise<string> {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand(
      fifo ? { QueueName: `${name}.fifo`, Attributes: { FifoQueue: 'true' } } : { QueueName: name },
    ),
  );
  if (QueueUrl === undefined) throw new Error(`SQS gave no URL for the queue ${name}`);
  return QueueUrl;
}

/** Takes the messages off the queue, in the order in which they come: their bodies, parsed. */
export async function* receive(sqs: SQSClient, QueueUrl: string): AsyncGenerator<Record<string, unknown>> {
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return;
    // A FIFO queue holds back the rest of a group until what is in flight is deleted.
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    for (const { Body = '{}' } of Messages) yield JSON.parse(Body);
  }
}
