import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Line = Record<string, unknown> & { timestamp: string };

/** CloudWatch's limits on one `PutLogEvents`. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;

interface PutEvents {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logEvents: readonly { readonly timestamp: number; readonly message: string }[];
}

/** What is wrong with a request to append lines, as CloudWatch would see it. */
function flawOf({ logStreamName, logEvents }: PutEvents, streams: ReadonlySet<string>): string | undefined {
  if (!streams.has(logStreamName)) return 'The specified log stream does not exist.';
  if (logEvents.length > MAX_EVENTS) return 'Too many log events in a batch.';
  const bytes = logEvents.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);
  if (bytes > MAX_BYTES) return 'Upload too large.';
  const isInOrder = logEvents.every(({ timestamp }, n) => timestamp >= (logEvents[n - 1]?.timestamp ?? 0));
  return isInOrder
    ? undefined
    : 'Log events in a single PutLogEvents request must be in chronological order.';
}

/**
 * CloudWatch Logs: streams that lines are appended to, and Insights over lines of JSON, as far as this project's queries go: `filter a = "b" and …`, then a count
 * by `what` and `who`, or the lines themselves, newest first. On 127.0.0.1, and where the SDK looks for it.
 */
export async function logsStub(
  given: readonly Line[],
  {
    refuse,
  }: { readonly refuse?: (operation: string) => { __type: string; message: string } | undefined } = {},
) {
  const lines = [...given];
  const streams = new Set<string>();
  const puts: PutEvents[] = [];
  const queries: { queryString: string; logGroupNames: string[] }[] = [];
  const answers = new Map<string, object[]>();
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1);
    // biome-ignore lint/suspicious/noExplicitAny: what the SDK sends
    const input = (await json(request)) as any;
    let output: object = {};
    let refusal = refuse?.(String(operation));
    if (operation === 'CreateLogStream') {
      // Source: `LogStreamName` in the CloudWatch Logs API reference.
      if (!/^[^:*]{1,512}$/.test(input.logStreamName))
        refusal ??= { __type: 'InvalidParameterException', message: 'logStreamName' };
      streams.add(input.logStreamName);
    } else if (operation === 'PutLogEvents') {
      const flaw = flawOf(input, streams);
      if (flaw) refusal ??= { __type: 'InvalidParameterException', message: flaw };
      if (!refusal) {
        puts.push(input);
        lines.push(...input.logEvents.map(({ message }: { message: string }) => JSON.parse(message)));
      }
    } else if (operation === 'StartQuery') {
      queries.push(input);
      const queryId = String(queries.length);
      answers.set(queryId, answerOf(input));
      output = { queryId };
    } else output = { status: 'Complete', results: answers.get(input.queryId) ?? [] };
    response.writeHead(refusal ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(refusal ?? output));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

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
      return [...Map.groupBy(found, ({ what, who }) => JSON.stringify([what, who]))].map(([, group]) => [
        field('what', group[0]?.what),
        ...(group[0]?.who === undefined ? [] : [field('who', group[0].who)]),
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
    /** Every line, those of before included. */
    lines: lines as readonly Line[],
    puts: puts as readonly PutEvents[],
    async close(): Promise<void> {
      delete process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
