import { randomUUID } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
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

async function answerTo(question: Question): Promise<Answer> {
  if (question.kind === 'counts') return wire.counts();
  const { dynamo, latencyMs } = question;
  wire.lead({ dynamo, sqs: sqs.endpoint, latencyMs });
  return { endpoint: wire.endpoint, queueUrl: await createQueue(client, `bench-${randomUUID()}`, false) };
}

process.on('message', async (question: Question) => process.send?.(await answerTo(question)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
