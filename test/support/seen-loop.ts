import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import { createDynamoClient } from '../../functions/aws/clients.ts';
import { createS3Client } from '../../functions/aws/s3-client.ts';
import { type Ended, end, PROJECT, run } from './command-line.ts';
import { type EndpointInBetween, endpointInBetween } from './endpoint-in-between.ts';

type Item = Record<string, unknown>;

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** The world of a run of the loop, when it is over and before it is deleted, as somebody else sees it. */
export interface SeenLoop {
  readonly jobs: readonly Item[];
  readonly tasks: readonly Item[];
  readonly segments: readonly Item[];
  /** Objects by key. */
  readonly sources: ReadonlyMap<string, Buffer>;
  readonly targets: ReadonlyMap<string, Buffer>;
  putTarget(key: string, body: string): Promise<void>;
  setSegment(segmentId: unknown, state: string): Promise<void>;
}

/**
 * Runs `npm start` on emulators of the user's own. `look` is called once, when the run has done its work and begins to
 * look at what came of it: the process is stopped meanwhile, as no request of its would wait that long.
 */
export async function startWatched(
  args: readonly string[],
  look: (seen: SeenLoop) => void | Promise<void>,
): Promise<Ended & { readonly engines: readonly EndpointInBetween[] }> {
  const [dynamo, s3] = [
    createDynamoClient({ ...identity, endpoint: inject('dynamoEndpoint') }),
    createS3Client({ ...identity, endpoint: inject('s3Endpoint') }),
  ];
  let child: ChildProcess | undefined;
  const lookAt = async (prefix: string): Promise<void> => {
    child?.kill('SIGSTOP');
    try {
      await look(await seeLoop(dynamo, s3, prefix));
    } finally {
      child?.kill('SIGCONT');
    }
  };
  let looked: Promise<void> | undefined;
  const between = await endpointInBetween(inject('dynamoEndpoint'), async ({ operation, input }) => {
    if (operation !== 'Scan') return undefined;
    looked ??= lookAt(String(input.TableName).replace(/-\w+$/, ''));
    // What goes wrong is thrown at the end of the run.
    await looked.catch(() => {});
    return undefined;
  });
  const sqs = await endpointInBetween(inject('sqsEndpoint'));
  try {
    child = run(args, {
      env: {
        AWS_ENDPOINT_URL_DYNAMODB: between.endpoint,
        AWS_ENDPOINT_URL_SQS: sqs.endpoint,
        AWS_ENDPOINT_URL_S3: inject('s3Endpoint'),
      },
    });
    const ended = await end(child);
    await looked;
    return { ...ended, engines: [between, sqs] };
  } finally {
    await Promise.all([between.close(), sqs.close()]);
    dynamo.destroy();
    s3.destroy();
  }
}

async function seeLoop(dynamo: DynamoDBDocumentClient, s3: S3Client, prefix: string): Promise<SeenLoop> {
  const scan = async (kind: string): Promise<Item[]> => {
    const command = new ScanCommand({ TableName: `${prefix}-${kind}`, ConsistentRead: true });
    return (await dynamo.send(command)).Items ?? [];
  };
  const [jobs, tasks, segments] = [await scan('jobs'), await scan('tasks'), await scan('segments')];
  const [job = {}] = jobs;
  const bucketOf = (place: 'source' | 'target'): string => (job[place] as { bucket: string }).bucket;
  return {
    jobs,
    tasks,
    segments,
    sources: await objectsIn(s3, bucketOf('source')),
    targets: await objectsIn(s3, bucketOf('target')),
    async putTarget(Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket: bucketOf('target'), Key, Body }));
    },
    async setSegment(segmentId, state) {
      await dynamo.send(
        new UpdateCommand({
          TableName: `${prefix}-segments`,
          Key: { segmentId },
          UpdateExpression: 'SET #s = :s',
          ExpressionAttributeNames: { '#s': 'state' },
          ExpressionAttributeValues: { ':s': state },
        }),
      );
    },
  };
}

async function objectsIn(s3: S3Client, Bucket: string): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    objects.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
  }
  return objects;
}

/** What a sample asks for: its job, and the target of each of its sources. */
export async function readRequest(sample: string) {
  const text = await readFile(join(PROJECT, 'cli/loop/samples', sample), 'utf8');
  const [{ job }, ...mappings] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return {
    jobId: BigInt(job.jobId),
    sourceRoot: String(job.source.rootPath),
    /** The same object of the target: other root, other collection, other segment. */
    targetOf(source: string): string {
      const [, type, , partition, segment, ...file] = source.split('/');
      const target = mappings.find(({ mapping }) => mapping.sourceSegmentId === segment)?.mapping
        .targetSegmentId;
      return [job.target.rootPath, type, job.collectionId, partition, target, ...file].join('/');
    },
    targets: mappings.map(({ mapping }) => BigInt(mapping.targetSegmentId)),
  };
}
