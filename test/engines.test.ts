import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { BatchExecuteStatementCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
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

/** What AWS does: true if the engine does, too. */
const BEHAVIOURS: Record<Behaviour, { engine: EngineName; holds: (world: World) => Promise<boolean> }> = {
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

  it('have each difference listed once', () => {
    const listed = KNOWN_DIFFERENCES.map(({ engine, behaviour }) => `${engine}: ${behaviour}`);
    expect(new Set(listed).size).toBe(listed.length);
  });
});
