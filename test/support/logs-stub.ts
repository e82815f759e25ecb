import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Line = Record<string, unknown> & { timestamp: string };

/**
 * CloudWatch Logs Insights over lines of JSON, as far as this project's queries go: `filter a = "b" and …`, then a count
 * by `what`, or the lines themselves, newest first; and the lines of one message. On 127.0.0.1, and where the SDK looks for it.
 */
export async function logsStub(lines: readonly Line[]) {
  const queries: { queryString: string; logGroupNames: string[] }[] = [];
  const answers = new Map<string, object[]>();
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1);
    // biome-ignore lint/suspicious/noExplicitAny: what the SDK sends
    const input = (await json(request)) as any;
    let output: object;
    if (operation === 'StartQuery') {
      queries.push(input);
      const queryId = String(queries.length);
      answers.set(queryId, answerOf(input));
      output = { queryId };
    } else if (operation === 'FilterLogEvents') output = { events: eventsOf(input) };
    else output = { status: 'Complete', results: answers.get(input.queryId) ?? [] };
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(output));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function eventsOf({ filterPattern, startTime }: { filterPattern: string; startTime: number }): object[] {
    const message = /\$\.message = "([^"]*)"/.exec(filterPattern)?.[1];
    return lines.flatMap((line) => {
      const timestamp = Date.parse(line.timestamp);
      const isFound = line.message === message && timestamp >= startTime;
      return isFound ? [{ timestamp, message: JSON.stringify(line) }] : [];
    });
  }

  function answerOf(query: { queryString: string; startTime: number; endTime: number }): object[] {
    const filter = /filter (.*?) \|/.exec(`${query.queryString} |`)?.[1] ?? '';
    const conditions = [...filter.matchAll(/(\w+) = "([^"]*)"/g)];
    const found = lines.filter((line) => {
      const at = Date.parse(line.timestamp) / 1_000;
      const isInTime = at >= query.startTime && at <= query.endTime;
      return isInTime && conditions.every(([, name = '', value]) => line[name] === value);
    });
    const field = (name: string, value: unknown) => ({ field: name, value: String(value) });
    if (query.queryString.includes('stats'))
      return [...Map.groupBy(found, ({ what }) => what)].map(([what, group]) => [
        field('what', what),
        field('changes', group.length),
      ]) as unknown as object[];
    const limit = Number(/limit (\d+)/.exec(query.queryString)?.[1]);
    return found
      .toReversed()
      .slice(0, limit)
      .map((line) => [
        field('@timestamp', line.timestamp),
        field('@message', JSON.stringify(line)),
        field('@ptr', lines.indexOf(line)),
      ]) as unknown as object[];
  }

  return {
    queries,
    async close(): Promise<void> {
      delete process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
