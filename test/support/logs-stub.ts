import { type Answer, Refusal, serviceStub } from './service-stub.ts';

/** A line of JSON; without a group it is in every log. */
export type Line = Record<string, unknown> & { readonly timestamp: string; readonly group?: string };

interface InsightsQuery {
  readonly queryString: string;
  readonly logGroupNames: readonly string[];
  readonly startTime: number;
  readonly endTime: number;
}

export interface LogsStubOptions {
  /** Logs that exist; otherwise any does. */
  readonly groups?: readonly string[];
  /** Called before an operation, which it may refuse. */
  readonly before?: (operation: string) => void;
}

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
 * CloudWatch Logs over lines of JSON, as far as this project asks: streams that lines are appended to. Insights: `filter a = "b" and …`, then a count by
 * `what` and `who`, or the lines themselves, newest first, each with another pointer in every answer. Filtered events: by messages,
 * oldest first, one per page, the first of which is empty. On 127.0.0.1, and where the SDK looks for it.
 */
export async function logsStub(given: readonly Line[], { groups, before = () => {} }: LogsStubOptions = {}) {
  const appended: Line[] = [];
  const all = (): readonly Line[] => [...given, ...appended];
  const streams = new Set<string>();
  const puts: PutEvents[] = [];
  const queries: InsightsQuery[] = [];
  const answers = new Map<string, object[]>();
  const atOf = ({ timestamp }: Line): number => Date.parse(timestamp);
  const isIn = ({ group }: Line, asked: readonly string[]): boolean =>
    group === undefined || asked.includes(group);
  const assertThere = (asked: readonly string[]): void => {
    const missing = asked.find((name) => groups?.includes(name) === false);
    if (missing !== undefined)
      throw new Refusal('ResourceNotFoundException', `The log group ${missing} does not exist.`);
  };
  const textOf = ({ group: _, ...line }: Line): string => JSON.stringify(line);

  const operations: Record<string, Answer> = {
    StartQuery(query: InsightsQuery) {
      assertThere(query.logGroupNames);
      queries.push(query);
      const queryId = String(queries.length);
      answers.set(queryId, answerOf(query, queryId));
      return { queryId };
    },
    CreateLogStream({ logGroupName, logStreamName }) {
      assertThere([logGroupName]);
      // Source: `LogStreamName` in the CloudWatch Logs API reference.
      if (!/^[^:*]{1,512}$/.test(logStreamName))
        throw new Refusal('InvalidParameterException', 'logStreamName');
      streams.add(logStreamName);
      return {};
    },
    PutLogEvents(put: PutEvents) {
      const flaw = flawOf(put, streams);
      if (flaw) throw new Refusal('InvalidParameterException', flaw);
      puts.push(put);
      appended.push(
        ...put.logEvents.map(({ message }) => ({ ...JSON.parse(message), group: put.logGroupName })),
      );
      return {};
    },
    GetQueryResults: ({ queryId }) => ({ status: 'Complete', results: answers.get(queryId) ?? [] }),
    FilterLogEvents({
      logGroupName,
      startTime,
      endTime = Number.POSITIVE_INFINITY,
      filterPattern,
      nextToken,
    }) {
      assertThere([logGroupName]);
      const messages = [...String(filterPattern).matchAll(/\$\.message = "([^"]*)"/g)].map(
        ([, text]) => text,
      );
      const found = all().filter(
        (line) =>
          isIn(line, [logGroupName]) &&
          atOf(line) >= startTime &&
          atOf(line) <= endTime &&
          messages.includes(String(line.message)),
      );
      const page = Number(nextToken ?? 0);
      const line = found[page - 1];
      return {
        events: line ? [{ timestamp: atOf(line), message: textOf(line) }] : [],
        ...(page < found.length && { nextToken: String(page + 1) }),
      };
    },
  };
  const { close } = await serviceStub(
    'CLOUDWATCH_LOGS',
    Object.fromEntries(
      Object.entries(operations).map(([name, answer]): [string, Answer] => [
        name,
        (input) => {
          before(name);
          return answer(input);
        },
      ]),
    ),
  );

  function answerOf(
    { queryString, logGroupNames, startTime, endTime }: InsightsQuery,
    queryId: string,
  ): object[] {
    const filter = /filter (.*?) \|/.exec(`${queryString} |`)?.[1] ?? '';
    const conditions = [...filter.matchAll(/(\w+) = "([^"]*)"/g)];
    const found = all().filter((line) => {
      const isInTime = atOf(line) / 1_000 >= startTime && atOf(line) / 1_000 <= endTime;
      return (
        isIn(line, logGroupNames) &&
        isInTime &&
        conditions.every(([, name = '', value]) => line[name] === value)
      );
    });
    const field = (name: string, value: unknown) => ({ field: name, value: String(value) });
    if (queryString.includes('stats'))
      return [...Map.groupBy(found, ({ what, who }) => JSON.stringify([what, who]))].map(([, group]) => [
        field('what', group[0]?.what),
        ...(group[0]?.who === undefined ? [] : [field('who', group[0].who)]),
        field('changes', group.length),
      ]);
    const limit = Number(/limit (\d+)/.exec(queryString)?.[1]);
    return found
      .toReversed()
      .toSorted((a, b) => atOf(b) - atOf(a))
      .slice(0, limit)
      .map((line) => [
        field('@timestamp', line.timestamp),
        field('@message', textOf(line)),
        field('@ptr', `${queryId}/${all().indexOf(line)}`),
      ]);
  }

  return {
    queries,
    /** Every line, those of before included. */
    lines: all,
    puts: puts as readonly PutEvents[],
    close,
  };
}
