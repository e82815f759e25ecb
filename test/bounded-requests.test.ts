import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';

const bounds = { connectionMs: 5_000, requestMs: 5_000, bodyMs: 50 };
const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

describe('a response whose body stalls', () => {
  let server: Server | undefined;
  afterEach(() => server?.closeAllConnections());

  /** Sends headers and half a body, and then nothing, `times` times; then answers well. */
  async function stalling(
    times: number,
    answer: string,
  ): Promise<{ endpoint: string; requests: () => number }> {
    let requests = 0;
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': answer.length,
      });
      if (++requests > times) response.end(answer);
      else response.write(answer.slice(0, 2));
    });
    server.unref();
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { endpoint: `http://127.0.0.1:${port}`, requests: () => requests };
  }

  it('is abandoned and requested again, like any other time-out', async () => {
    const { endpoint, requests } = await stalling(2, '{"Item":{"k":{"N":"1"}}}');
    const client = createDynamoClient({ ...identity, endpoint }, bounds);
    const { Item } = await client.send(new GetCommand({ TableName: 'table', Key: { k: 1 } }));
    expect(Item).toEqual({ k: 1n });
    expect(requests()).toBe(3);
  });

  it('and never continues ends the request, to DynamoDB and to SQS', async () => {
    const { endpoint, requests } = await stalling(Number.POSITIVE_INFINITY, '{"Successful":[]}');
    const dynamo = createDynamoClient({ ...identity, endpoint }, bounds);
    const sqs = createSqsClient({ ...identity, endpoint }, bounds);
    await expect(dynamo.send(new GetCommand({ TableName: 'table', Key: { k: 1 } }))).rejects.toThrow(
      'the response was not complete after 50 ms',
    );
    const send = new SendMessageBatchCommand({
      QueueUrl: `${endpoint}/1/queue`,
      Entries: [{ Id: '0', MessageBody: '{}' }],
    });
    await expect(sqs.send(send)).rejects.toThrow('the response was not complete after 50 ms');
    expect(requests()).toBe(8);
  });
});

describe('a request and its response', () => {
  it('are not copied for a log of the SDK, which nobody reads', async () => {
    const server = createServer((_, response) => response.end('{}')).unref();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const logged: unknown[] = [];
    const ignore = (): void => {};
    const logger = {
      debug: ignore,
      warn: ignore,
      info: (line: unknown) => void logged.push(line),
      error: ignore,
    };
    const { port } = server.address() as AddressInfo;
    const config = { ...identity, endpoint: `http://127.0.0.1:${port}`, logger };
    await createDynamoClient(config).send(new GetCommand({ TableName: 'table', Key: { k: 1 } }));
    await createSqsClient(config).send(
      new SendMessageBatchCommand({ QueueUrl: config.endpoint, Entries: [{ Id: '1', MessageBody: '{}' }] }),
    );
    expect(logged).toEqual([]);
  });
});
