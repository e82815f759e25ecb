import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { BatchExecuteStatementCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EngineName } from '../../engines/engine.ts';
import {
  type Behaviour,
  isKnownToDiffer,
  KNOWN_DIFFERENCES,
  type ObjectBehaviour,
} from '../../engines/known-differences.ts';
import type { World } from '../../engines/world.ts';
import { adaptersOn } from '../support/adapters.ts';
import { job, NOW } from '../support/builders.ts';
import { describeOnEveryEngine } from '../support/dynamo-engines.ts';

/** What AWS does; `service` tells which of the engines is asked. */
interface Check {
  readonly service: 'DynamoDB' | 'SQS';
  /** @returns whether the engines of the world do it */
  holds(world: World): Promise<boolean>;
}

const CHECKS: Record<Exclude<Behaviour, ObjectBehaviour>, Check> = {
  'PartiQL takes several REMOVE clauses': {
    service: 'DynamoDB',
    async holds(world) {
      await statement(world, 'REMOVE "state" REMOVE "createdAt" WHERE "jobId" = ?', [1n]);
      const item = await theJob(world);
      return item.state === undefined && item.createdAt === undefined;
    },
  },
  'PartiQL knows IS NULL': {
    service: 'DynamoDB',
    async holds(world) {
      await statement(world, 'SET "state" = ? WHERE "jobId" = ? AND "reason" IS NULL', ['Failed', 1n]);
      return (await theJob(world)).state === 'Failed';
    },
  },
  'a failed condition of a statement returns the item': {
    service: 'DynamoDB',
    async holds(world) {
      const { Responses } = await failingCondition(world);
      return Responses?.[0]?.Error?.Item !== undefined;
    },
  },
  'a failed condition of a statement consumes capacity': {
    service: 'DynamoDB',
    async holds(world) {
      const { ConsumedCapacity } = await failingCondition(world);
      return (ConsumedCapacity?.[0]?.CapacityUnits ?? 0) > 0;
    },
  },
  'a batch of statements tells what it consumed': {
    service: 'DynamoDB',
    async holds(world) {
      const { ConsumedCapacity } = await statement(world, 'SET "state" = ? WHERE "jobId" = ?', [
        'Failed',
        1n,
      ]);
      return (ConsumedCapacity?.[0]?.CapacityUnits ?? 0) > 0;
    },
  },
  'a read that finds nothing consumes capacity': {
    service: 'DynamoDB',
    async holds(world) {
      const { jobs, meter } = adaptersOn(world);
      await jobs.read([404n]);
      await Array.fromAsync(jobs.due(0, NOW));
      return meter.capacity.readUnits === 1.5;
    },
  },
  'a key of another type is refused': {
    service: 'DynamoDB',
    async holds(world) {
      const { Responses } = await statement(world, 'SET "state" = ? WHERE "jobId" = ?', ['Failed', '1']);
      return Responses?.[0]?.Error?.Code === 'ValidationError';
    },
  },
  'half a surrogate pair is refused': {
    service: 'DynamoDB',
    async holds(world) {
      const half = '💥'.slice(0, 1);
      await statement(world, 'SET "reason" = ? WHERE "jobId" = ?', [half, 1n]).catch((error: Error) => {
        if (error.name !== 'SerializationException' && error.name !== 'ValidationException') throw error;
      });
      return (await theJob(world)).reason === null;
    },
  },
  'a standard queue hands out the message group id': {
    service: 'SQS',
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

it('each difference of an engine is listed once', () => {
  const listed = KNOWN_DIFFERENCES.map(({ engine, behaviour }) => `${engine}: ${behaviour}`);
  expect(new Set(listed).size).toBe(listed.length);
});

describeOnEveryEngine((engine) => {
  let world: World;
  beforeEach(async () => {
    world = await engine.createWorld();
    await world.load([{ table: 'jobs', item: { ...job().item, reason: null } }]);
  });
  afterEach(() => world.destroy());

  it.each(Object.entries(CHECKS))('as AWS, or known to differ: %s', async (behaviour, { service, holds }) => {
    const asked: EngineName = service === 'SQS' ? 'fauxqs' : engine.name;
    expect(await holds(world)).toBe(!isKnownToDiffer(asked, behaviour as Behaviour));
  });
});
