import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { World } from './embedded-world.ts';

/** CloudFormation with one stack, by these outputs; where the SDK looks for it. */
export async function cloudFormationStub(
  StackName: string,
  outputs: Readonly<Record<string, string>>,
): Promise<void> {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>${StackName}</StackName><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  const none = `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id Other does not exist</Message></Error></ErrorResponse>`;
  const server = createServer(async (request, response) => {
    const isThere = new URLSearchParams(await text(request)).get('StackName') === StackName;
    response.writeHead(isThere ? 200 : 400, { 'content-type': 'text/xml' });
    response.end(isThere ? stack : none);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_CLOUDFORMATION = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    delete process.env.AWS_ENDPOINT_URL_CLOUDFORMATION;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
}

/** What the stack of a world says. */
export const outputsOf = ({ tables, queueUrl }: World): Record<string, string> => ({
  JobsTableName: tables.jobs,
  TasksTableName: tables.tasks,
  SegmentsTableName: tables.segments,
  QueueUrl: queueUrl,
  DueShards: '8',
});
