import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { ListQueuesCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { BatchExecuteStatementCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Buckets, createBuckets } from '../engines/buckets.ts';
import { startEmbeddedS3 } from '../engines/embedded-s3.ts';
import type { EngineName } from '../engines/engine.ts';
import { type Behaviour, isKnownToDiffer, KNOWN_DIFFERENCES } from '../engines/known-differences.ts';
import { createWorld, type World } from '../engines/world.ts';
import { job } from './support/builders.ts';
import { endpointInBetween, type PassingRequest, type Refusal } from './support/endpoint-in-between.ts';

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const at = (endpoint: string) => ({ ...identity, endpoint });
const here = { dynamo: at(inject('dynamoEndpoint')), sqs: at(inject('sqsEndpoint')) };

/** Tables and queues there are whose names begin so. */
async function namesOf(prefix: string): Promise<string[]> {
  const world = await createWorld(here);
  const names: string[] = [];
  let last: string | undefined;
  do {
    const page = await world.dynamo.send(
      new ListTablesCommand({ ...(last && { ExclusiveStartTableName: last }) }),
    );
    names.push(...(page.TableNames ?? []));
    last = page.LastEvaluatedTableName;
  } while (last);
  const { QueueUrls = [] } = await world.sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
  await world.destroy();
  return [...names, ...QueueUrls.map((url) => url.split('/').at(-1) ?? '')].filter((name) =>
    name.startsWith(prefix),
  );
}

describe('a world', () => {
  it('has three tables and a queue until it is destroyed', async () => {
    const world = await createWorld(here, { prefix: 'whole' });
    expect(await namesOf('whole')).toHaveLength(4);
    await world.destroy();
    expect(await namesOf('whole')).toEqual([]);
  });

  it.each(['CreateTable', 'CreateQueue'])(
    'that cannot be created because %s is refused leaves nothing behind',
    async (operation) => {
      let number = 0;
      const refuseSecond = (request: PassingRequest): Refusal | undefined => {
        const isHit = request.operation === operation && (operation === 'CreateQueue' || ++number === 2);
        return isHit ? { type: 'AccessDeniedException', message: 'not for you' } : undefined;
      };
      const dynamo = await endpointInBetween(here.dynamo.endpoint, refuseSecond);
      const sqs = await endpointInBetween(here.sqs.endpoint, refuseSecond);
      const prefix = `half-${operation}`;
      await expect(
        createWorld({ dynamo: at(dynamo.endpoint), sqs: at(sqs.endpoint) }, { prefix }),
      ).rejects.toThrow(/not for you/);
      expect(await namesOf(prefix)).toEqual([]);
      await Promise.all([dynamo.close(), sqs.close()]);
    },
  );

  it('names what it could not delete', async () => {
    const refuse = ({ operation, input }: PassingRequest): Refusal | undefined =>
      operation === 'DeleteTable' && String(input.TableName).endsWith('-tasks')
        ? { type: 'AccessDeniedException', message: 'not for you' }
        : undefined;
    const dynamo = await endpointInBetween(here.dynamo.endpoint, refuse);
    const world = await createWorld({ ...here, dynamo: at(dynamo.endpoint) }, { prefix: 'kept' });
    await expect(world.destroy()).rejects.toThrow(
      new RegExp(`^could not be deleted: table ${world.tables.tasks} \\(not for you\\)$`),
    );
    expect(await namesOf('kept')).toEqual([world.tables.tasks]);
    await dynamo.close();
  });

  it('that is destroyed twice, or whose tables somebody else deleted, has nothing left to delete', async () => {
    const world = await createWorld(here);
    await world.destroy();
    await world.destroy();
  });
});

type S3Behaviour = Extract<Behaviour, `S3 ${string}`>;

/** What AWS does: true if the engine does, too. */
const BEHAVIOURS: Record<
  Exclude<Behaviour, S3Behaviour>,
  { engine: EngineName; holds: (world: World) => Promise<boolean> }
> = {
  'PartiQL takes several REMOVE clauses': {
    engine: 'dynoxide',
    async holds(world) {
      await statement(world, 'REMOVE "state" REMOVE "createdAt" WHERE "jobId" = ?', [1n]);
      const item = await theJob(world);
      return item.state === undefined && item.createdAt === undefined;
    },
  },
  'PartiQL knows IS NULL': {
    engine: 'dynoxide',
    async holds(world) {
      await statement(world, 'SET "state" = ? WHERE "jobId" = ? AND "reason" IS NULL', ['Failed', 1n]);
      return (await theJob(world)).state === 'Failed';
    },
  },
  'a failed condition of a statement returns the item': {
    engine: 'dynoxide',
    async holds(world) {
      const { Responses } = await failingCondition(world);
      return Responses?.[0]?.Error?.Item !== undefined;
    },
  },
  'a failed condition of a statement consumes capacity': {
    engine: 'dynoxide',
    async holds(world) {
      const { ConsumedCapacity } = await failingCondition(world);
      return (ConsumedCapacity?.[0]?.CapacityUnits ?? 0) > 0;
    },
  },
  'a standard queue hands out the message group id': {
    engine: 'fauxqs',
    async holds({ sqs, queueUrl: QueueUrl }) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}', MessageGroupId: '7' }));
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['MessageGroupId'] }),
      );
      return Messages?.[0]?.Attributes?.MessageGroupId === '7';
    },
  },
};

/** Whether a request went through; false if it was refused with 412. */
async function isTaken(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
    return false;
  }
}

const OTHER_ETAG = '"00000000000000000000000000000000"';

const S3_BEHAVIOURS: Record<S3Behaviour, (buckets: Buckets) => Promise<boolean>> = {
  async 'S3 creates no object over another one that is there'({ s3, ...buckets }) {
    const copy = (Key: string) =>
      isTaken(
        s3.send(
          new CopyObjectCommand({
            Bucket: buckets.target,
            Key,
            CopySource: `${buckets.source}/a`,
            IfNoneMatch: '*',
          }),
        ),
      );
    expect(await copy('new')).toBe(true);
    return !(await copy('there'));
  },

  async 'S3 finishes no upload over an object that is there'(buckets) {
    const finish = async (Key: string) => {
      const { at, part } = await openUpload(buckets, Key);
      return isTaken(
        buckets.s3.send(
          new CompleteMultipartUploadCommand({
            ...at,
            MultipartUpload: { Parts: [await part()] },
            IfNoneMatch: '*',
          }),
        ),
      );
    };
    expect(await finish('new')).toBe(true);
    return !(await finish('there'));
  },

  async 'S3 copies no source that is not the one that was named'({ s3, ...buckets }) {
    const CopySource = `${buckets.source}/a`;
    const copy = (CopySourceIfMatch: string) =>
      isTaken(
        s3.send(new CopyObjectCommand({ Bucket: buckets.target, Key: 'new', CopySource, CopySourceIfMatch })),
      );
    const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket: buckets.source, Key: 'a' }));
    expect(await copy(ETag)).toBe(true);
    return !(await copy(OTHER_ETAG));
  },

  async 'S3 copies no part of a source that is not the one that was named'(buckets) {
    const { part } = await openUpload(buckets, 'new');
    expect(await isTaken(part())).toBe(true);
    return !(await isTaken(part(OTHER_ETAG)));
  },

  async 'S3 keeps a checksum of an object that was copied in parts'(buckets) {
    const { at, part } = await openUpload(buckets, 'new');
    const MultipartUpload = { Parts: [await part()] };
    await buckets.s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload }));
    const { ChecksumType } = await buckets.s3.send(
      new HeadObjectCommand({ Bucket: buckets.target, Key: 'new', ChecksumMode: 'ENABLED' }),
    );
    return ChecksumType === 'FULL_OBJECT';
  },
};

async function openUpload({ s3, source, target }: Buckets, Key: string) {
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket: target,
      Key,
      ChecksumAlgorithm: 'CRC64NVME',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  const at = { Bucket: target, Key, UploadId };
  return {
    at,
    async part(CopySourceIfMatch?: string) {
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({ ...at, PartNumber: 1, CopySource: `${source}/a`, CopySourceIfMatch }),
      );
      return { PartNumber: 1, ETag: CopyPartResult?.ETag };
    },
  };
}

const statement = ({ dynamo, tables }: World, rest: string, Parameters: unknown[]) =>
  dynamo.send(
    new BatchExecuteStatementCommand({
      Statements: [
        {
          Statement: `UPDATE "${tables.jobs}" ${rest}`,
          Parameters,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      ],
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );

async function failingCondition(world: World) {
  const answer = await statement(world, 'SET "state" = ? WHERE "jobId" = ? AND "state" = ?', [
    'Failed',
    1n,
    'Pending',
  ]);
  expect(answer.Responses?.[0]?.Error?.Code).toBe('ConditionalCheckFailed');
  return answer;
}

const theJob = async ({ dynamo, tables }: World): Promise<Record<string, unknown>> =>
  (await dynamo.send(new GetCommand({ TableName: tables.jobs, Key: { jobId: 1n }, ConsistentRead: true })))
    .Item ?? {};

// Against an endpoint of the user's own there is no telling which engine answers.
describe.skipIf(process.env.AWS_ENDPOINT_URL)('the embedded engines', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld(here);
    await world.load([{ table: 'jobs', item: { ...job().item, reason: null } }]);
  });
  afterEach(() => world.destroy());

  it.each(Object.entries(BEHAVIOURS))(
    'behave as AWS does, or are known not to: %s',
    async (behaviour, { engine, holds }) => {
      expect(await holds(world)).toBe(!isKnownToDiffer(engine, behaviour as Behaviour));
    },
  );

  describe('S3', () => {
    const withS3 = async <T>(preconditions: boolean, use: (buckets: Buckets) => Promise<T>): Promise<T> => {
      const engine = await startEmbeddedS3({ preconditions });
      const buckets = await createBuckets({ s3: at(engine.endpoint) });
      try {
        await buckets.put('a', 'bytes of a');
        await buckets.put('there', 'bytes that are there', buckets.target);
        return await use(buckets);
      } finally {
        buckets.s3.destroy();
        await engine.stop();
      }
    };

    it.each(Object.entries(S3_BEHAVIOURS))(
      'behaves as AWS does, or is known not to: %s',
      async (behaviour, holds) => {
        expect(await withS3(false, holds)).toBe(!isKnownToDiffer('fauxqs', behaviour as Behaviour));
      },
    );

    it.each(Object.entries(S3_BEHAVIOURS).filter(([behaviour]) => !behaviour.includes('checksum')))(
      'behaves as AWS does with 412 answered for it: %s',
      async (_, holds) => {
        expect(await withS3(true, holds)).toBe(true);
      },
    );

    it('creates an object once, however many ask for it at the same time', async () => {
      await withS3(true, async ({ s3, source, target }) => {
        const copies = Array.from({ length: 20 }, (_, index) =>
          isTaken(
            s3.send(
              new CopyObjectCommand({
                Bucket: target,
                Key: `new/${index % 2}`,
                CopySource: `${source}/a`,
                IfNoneMatch: '*',
              }),
            ),
          ),
        );
        expect((await Promise.all(copies)).filter((isCreated) => isCreated)).toHaveLength(2);
      });
    });
  });

  it('have each difference listed once', () => {
    const listed = KNOWN_DIFFERENCES.map(({ engine, behaviour }) => `${engine}: ${behaviour}`);
    expect(new Set(listed).size).toBe(listed.length);
  });
});
