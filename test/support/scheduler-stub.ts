import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

type Schedule = Record<string, unknown>;

/**
 * EventBridge Scheduler, as far as its schedules are read and updated; on 127.0.0.1, and where the SDK looks for it.
 *
 * @param refused names of schedules that nobody may read
 */
export async function schedulerStub(given: Record<string, Schedule>, refused: readonly string[] = []) {
  const schedules: Record<string, Schedule> = Object.fromEntries(
    Object.entries(given).map(([Name, schedule]) => [
      Name,
      {
        Name,
        GroupName: 'default',
        State: 'ENABLED',
        ScheduleExpression: 'rate(1 minute)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:lambda:us-east-1:123456789012:function:inspector',
          RoleArn: 'arn:aws:iam::123456789012:role/s',
        },
        ...schedule,
      },
    ]),
  );
  const server = createServer(async (request, response) => {
    const name = decodeURIComponent((request.url ?? '').split('?')[0]?.split('/').at(-1) ?? '');
    const body = (await buffer(request)).toString();
    if (refused.includes(name)) {
      response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' });
      response.end(
        JSON.stringify({ Message: 'User: me is not authorized to perform: scheduler:GetSchedule' }),
      );
      return;
    }
    const isFound = schedules[name] !== undefined;
    // An update replaces the whole schedule: what it leaves out is gone.
    if (isFound && request.method === 'PUT') {
      const { ClientToken: _, ...schedule } = JSON.parse(body);
      schedules[name] = { Name: name, ...schedule };
    }
    response.writeHead(isFound ? 200 : 404, {
      'content-type': 'application/json',
      ...(!isFound && { 'x-amzn-errortype': 'ResourceNotFoundException' }),
    });
    response.end(JSON.stringify(schedules[name] ?? { Message: `Schedule ${name} does not exist.` }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_SCHEDULER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    schedules,
    async close(): Promise<void> {
      delete process.env.AWS_ENDPOINT_URL_SCHEDULER;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
