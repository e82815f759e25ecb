import { randomUUID } from 'node:crypto';
import { DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startEmbeddedSqs } from '../../engines/embedded-sqs.ts';
import { createQueue } from '../../engines/queue.ts';
import { startWire, type WireCounts } from './wire.ts';

/** What the benchmark asks of this process. */
export type Question =
  | { readonly kind: 'lead'; readonly dynamo: string; readonly latencyMs: number }
  | { readonly kind: 'counts' };

/** Where a contender finds everything, or what it has used. */
export type Answer = { readonly endpoint: string; readonly queueUrl: string } | WireCounts;

/** A process of its own: the queue, and the wire between a contender and the engines. */
const [wire, sqs] = await Promise.all([startWire(), startEmbeddedSqs()]);
const client = new SQSClient({
  endpoint: sqs.endpoint,
  useQueueUrlAsEndpoint: false,
  region: 'us-east-1',
  credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
});

let queueUrl: string | undefined;

async function answerTo(question: Question): Promise<Answer> {
  if (question.kind === 'counts') return wire.counts();
  const { dynamo, latencyMs } = question;
  wire.lead({ dynamo, sqs: sqs.endpoint, latencyMs });
  // Nobody takes its messages: a queue is in the way once its contender has ended.
  if (queueUrl !== undefined) await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  queueUrl = await createQueue(client, `bench-${randomUUID()}`, false);
  return { endpoint: wire.endpoint, queueUrl };
}

process.on('message', async (question: Question) => process.send?.(await answerTo(question)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
