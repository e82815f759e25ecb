import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createDynamoClient } from '../aws/clients.ts';
import { createS3Client } from '../aws/s3-client.ts';
import { describeError } from '../copy-segment/describe-error.ts';
import type { TaskKey } from '../copy-segment/task.ts';
import { readTableVariables } from '../pass/variables.ts';
import { createS3Worker } from './s3-worker.ts';

const logger = new Logger({ serviceName: 'copy-segment-worker' });
const worker = createS3Worker({
  dynamo: createDynamoClient(),
  s3: createS3Client(),
  tables: readTableVariables(process.env).tables,
  // An instance of the function works on one message at a time, and no other one has its log stream.
  nodeId: `lambda/${process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? randomUUID()}`,
  onRun: ({ task }, { kind, objects, bytes, created }) =>
    logger.info('copied', {
      ...keyOf(task),
      kind,
      objects,
      bytes: String(bytes),
      created,
    }),
  onError: ({ task }, error) => logger.error('not copied', { ...keyOf(task), because: describeError(error) }),
});

const keyOf = ({ jobId, taskId }: TaskKey) => ({ jobId: String(jobId), taskId: String(taskId) });

/**
 * Copies the task of each message; SQS hands over one. A message that no worker could read, or whose task could not be
 * claimed because DynamoDB did not answer, fails: SQS brings it back, and ends it in the dead letters.
 */
export async function handler(event: SQSEvent, context?: Partial<Context>): Promise<SQSBatchResponse> {
  const remainingMs = () => context?.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body } of event.Records)
    try {
      if ((await worker(body, remainingMs)) === 'done') continue;
      logger.error('message is not about a task', { messageId });
      batchItemFailures.push({ itemIdentifier: messageId });
    } catch (error) {
      logger.error('message is to come back', { messageId, because: describeError(error) });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  return { batchItemFailures };
}
