import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, inject, it } from 'vitest';
import { createWorld } from '../engines/world.ts';
import { endpointInBetween, type PassingRequest, type Refusal } from './support/endpoint-in-between.ts';

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const at = (endpoint: string) => ({ ...identity, endpoint });
const here = { dynamo: at(inject('dynamoEndpoint')), sqs: at(inject('sqsEndpoint')) };

/** Tables and queues there are whose names begin so. */
async function namesOf(prefix: string): Promise<string[]> {
  const world = await createWorld(here, { prefix: 'looking' });
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
      ).rejects.toThrow(/^tables and queue cannot be created: AccessDeniedException: not for you$/);
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

  it('that is destroyed twice has nothing left to delete', async () => {
    const world = await createWorld(here, { prefix: 'twice' });
    await world.destroy();
    await world.destroy();
  });
});
