import { randomUUID } from 'node:crypto';
import { DeleteQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startEmbeddedSqs } from '../../engines/embedded-sqs.ts';
import { createQueue } from '../../engines/queue.ts';
import { startWire, type WireCounts } from './wire.ts';

/** What the benchmark asks of this process. */
export type Question =
  | { readonly kind: 'lead'; readonly dynamo: string; readonly latencyMs: number }
  | { readonly kind: 'counts' };

/** What a contender has used, and left in the queue. */
export interface SideCounts extends WireCounts {
  /** Of this process, user and system. */
  readonly wireCpuMs: number;
  /** Messages in the queue, as SQS has it. */
  readonly queued: number;
}

/** Where a contender finds everything, or what it has used. */
export type Answer = { readonly endpoint: string; readonly queueUrl: string } | SideCounts;

/** A process of its own: the queue, and the wire between a contender and the engines. */
const [wire, sqs] = await Promise.all([startWire(), startEmbeddedSqs()]);
const client = new SQSClient({
  endpoint: sqs.endpoint,
  useQueueUrlAsEndpoint: false,
  region: 'us-east-1',
  credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
});

let queueUrl: string | undefined;
let cpuBefore = process.cpuUsage();

async function counts(): Promise<SideCounts> {
  const { user, system } = process.cpuUsage(cpuBefore);
  const found = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  const queued = Number(found.Attributes?.ApproximateNumberOfMessages);
  return { ...wire.counts(), wireCpuMs: (user + system) / 1_000, queued };
}

async function answerTo(question: Question): Promise<Answer> {
  if (question.kind === 'counts') return await counts();
  const { dynamo, latencyMs } = question;
  wire.lead({ dynamo, sqs: sqs.endpoint, latencyMs });
  // Nobody takes its messages: a queue is in the way once its contender has ended.
  if (queueUrl !== undefined) await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  queueUrl = await createQueue(client, `bench-${randomUUID()}`, false);
  cpuBefore = process.cpuUsage();
  return { endpoint: wire.endpoint, queueUrl };
}

process.on('message', async (question: Question) => process.send?.(await answerTo(question)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
