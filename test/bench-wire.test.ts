import { BatchExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startWire } from '../bench/engines/wire.ts';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';
import { segment } from './support/builders.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';

let wire: Awaited<ReturnType<typeof startWire>>;
let world: World;
beforeAll(async () => {
  wire = await startWire();
  world = await embeddedWorld();
});
afterAll(() => wire.close());

const lead = (latencyMs = 0): void =>
  wire.lead({ dynamo: inject('dynamoEndpoint'), sqs: inject('sqsEndpoint'), latencyMs });
const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

it('the wire counts requests, and units that nobody asked for', async () => {
  lead();
  const dynamo = createDynamoClient({ ...identity, endpoint: wire.endpoint });
  const TableName = world.tables.segments;
  await dynamo.send(new PutCommand({ TableName, Item: segment(1n).item }));
  const { Item } = await dynamo.send(new GetCommand({ TableName, Key: { segmentId: 1n } }));
  expect(Item).toMatchObject({ segmentId: 1n });
  await dynamo.send(new ScanCommand({ TableName, ConsistentRead: true }));
  expect(wire.counts()).toEqual({
    requests: { PutItem: 1, GetItem: 1, Scan: 1 },
    readUnits: 1.5,
    writeUnits: 1,
    failedConditions: 0,
    messages: 0,
  });
  dynamo.destroy();
});

it.each([
  ['beside one that held', ['Importing', 'Dropped'], 2],
  ['of all statements', ['Dropped', 'Dropped'], 2],
  ['of one', ['Dropped'], 1],
])('the wire charges for a condition that failed, %s, as AWS does', async (_, states, units) => {
  const ids = states.map((_, index) => BigInt(index + 2));
  await world.has(ids.map((id) => segment(id)));
  lead();
  const dynamo = createDynamoClient({ ...identity, endpoint: wire.endpoint });
  const Statements = states.map((state, index) => ({
    Statement: `UPDATE "${world.tables.segments}" SET "isImporting" = false WHERE "segmentId" = ${ids[index]} AND "state" = '${state}'`,
  }));
  await dynamo.send(new BatchExecuteStatementCommand({ Statements }));
  expect(wire.counts()).toMatchObject({
    requests: { BatchExecuteStatement: 1 },
    writeUnits: units,
    failedConditions: states.filter((state) => state === 'Dropped').length,
  });
  dynamo.destroy();
});

it('the wire counts messages beside the requests that carry them, and begins anew when it leads elsewhere', async () => {
  lead();
  const sqs = createSqsClient({ ...identity, endpoint: wire.endpoint });
  const Entries = ['1', '2', '3'].map((Id) => ({ Id, MessageBody: 'a "MessageBody" of 1' }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: world.queueUrl, Entries }));
  expect(wire.counts()).toMatchObject({ requests: { SendMessageBatch: 1 }, messages: 3, writeUnits: 0 });
  lead();
  expect(wire.counts()).toMatchObject({ requests: {}, messages: 0 });
  sqs.destroy();
});

it('the wire holds each request back for its latency', async () => {
  lead(200);
  const dynamo = createDynamoClient({ ...identity, endpoint: wire.endpoint });
  const startedAt = performance.now();
  await dynamo.send(new GetCommand({ TableName: world.tables.segments, Key: { segmentId: 1n } }));
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(199);
  dynamo.destroy();
});
