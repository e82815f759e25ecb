import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const dynamo = new DynamoDBClient();
const sqs = new SQSClient();

/** What a function that reads a table and sends a message cannot do without. */
export async function handler(): Promise<void> {
  const { Items = [] } = await dynamo.send(new QueryCommand({ TableName: process.env.JOBS_TABLE }));
  for (const item of Items)
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: process.env.SCHEDULER_QUEUE_URL,
        MessageBody: JSON.stringify(item),
      }),
    );
}
