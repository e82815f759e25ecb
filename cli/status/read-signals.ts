import { describeError } from '../../functions/copy-segment/describe-error.ts';
import type { Connection } from '../connection/connection.ts';
import { depthOf } from '../explain/read-queue.ts';
import type { LastPass, Signals } from './status.ts';

const MINUTE_MS = 60_000;
const TRAFFIC_MINUTES = 15;

/** A pass is made every minute, and a log takes a few to show it. */
const LAST_PASS_MS = 15 * MINUTE_MS;

export interface SignalsRead {
  readonly signals: Signals;
  readonly notRead: readonly string[];
}

/** What only AWS knows: an emulator has no metrics, no alarms and no log. What cannot be read is said. */
export async function readSignals(connection: Connection, now: number): Promise<SignalsRead> {
  const notRead: string[] = [];
  const attempt = async <T>(
    what: string,
    reason: string | undefined,
    read: () => Promise<T>,
  ): Promise<T | undefined> => {
    if (reason !== undefined) {
      notRead.push(`${what} (${reason})`);
      return undefined;
    }
    try {
      return await read();
    } catch (error) {
      notRead.push(`${what} (${describeError(error)})`);
      return undefined;
    }
  };
  const { sqs, queueUrl, inspector, checker } = connection;
  const queue = queueUrl?.split('/').at(-1);
  const isAws = isOnAws(connection);
  const [traffic, alarms, lastPass, failedPasses, failedChecks] = await Promise.all([
    attempt('traffic of the queue', isAws ? noName(queue, '--queue-url') : NO_CLOUDWATCH, () =>
      readTraffic(connection, queue ?? '', now),
    ),
    attempt('alarms', isAws ? noName(connection.alarmNamePrefix, '--stack') : NO_CLOUDWATCH, () =>
      readAlarms(connection, connection.alarmNamePrefix ?? ''),
    ),
    attempt('the last pass', isAws ? noName(inspector.logGroupName, '--log-group') : 'no log here', () =>
      readLastPass(connection, inspector.logGroupName ?? '', now),
    ),
    inspector.failedUrl === undefined ? undefined : depthOf(sqs, inspector.failedUrl),
    checker.failedUrl === undefined ? undefined : depthOf(sqs, checker.failedUrl),
  ]);
  return {
    signals: { ...traffic, alarms, lastPass, failedPasses, failedChecks },
    notRead,
  };
}

const NO_CLOUDWATCH = 'no CloudWatch here';

/** An endpoint of somebody's own is an emulator, unless CloudWatch has one as well. */
export function isOnAws({ isEmbedded }: Connection, env: NodeJS.ProcessEnv = process.env): boolean {
  const isElsewhere = env.AWS_ENDPOINT_URL ?? env.AWS_ENDPOINT_URL_DYNAMODB ?? env.AWS_ENDPOINT_URL_SQS;
  return !isEmbedded && (!isElsewhere || env.AWS_ENDPOINT_URL_CLOUDWATCH !== undefined);
}

const noName = (name: string | undefined, flag: string): string | undefined =>
  name === undefined ? `no ${flag}` : undefined;

async function readTraffic(
  { aws }: Connection,
  queue: string,
  now: number,
): Promise<Pick<Signals, 'traffic' | 'oldestMessageS'>> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const metric = (Id: string, MetricName: string, Stat: string) => ({
    Id,
    MetricStat: {
      Metric: { Namespace: 'AWS/SQS', MetricName, Dimensions: [{ Name: 'QueueName', Value: queue }] },
      Period: TRAFFIC_MINUTES * 60,
      Stat,
    },
  });
  const { MetricDataResults = [] } = await (await aws.cloudWatch()).send(
    new GetMetricDataCommand({
      StartTime: new Date(now - TRAFFIC_MINUTES * MINUTE_MS),
      EndTime: new Date(now),
      MetricDataQueries: [
        metric('received', 'NumberOfMessagesReceived', 'Sum'),
        metric('deleted', 'NumberOfMessagesDeleted', 'Sum'),
        metric('age', 'ApproximateAgeOfOldestMessage', 'Maximum'),
      ],
    }),
  );
  const sum = (id: string): number =>
    MetricDataResults.find(({ Id }) => Id === id)?.Values?.reduce((total, value) => total + value, 0) ?? 0;
  return {
    traffic: { received: sum('received'), deleted: sum('deleted') },
    oldestMessageS: MetricDataResults.find(({ Id }) => Id === 'age')?.Values?.[0],
  };
}

async function readAlarms({ aws }: Connection, prefix: string): Promise<Signals['alarms']> {
  const { paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
  const on: string[] = [];
  let of = 0;
  const pages = paginateDescribeAlarms({ client: await aws.cloudWatch() }, { AlarmNamePrefix: prefix });
  for await (const { MetricAlarms = [], CompositeAlarms = [] } of pages)
    for (const { AlarmName = '', StateValue } of [...MetricAlarms, ...CompositeAlarms]) {
      of++;
      if (StateValue === 'ALARM') on.push(AlarmName);
    }
  return { on, of };
}

async function readLastPass(
  { aws }: Connection,
  logGroupName: string,
  now: number,
): Promise<LastPass | undefined> {
  const { paginateFilterLogEvents } = await import('@aws-sdk/client-cloudwatch-logs');
  const pages = paginateFilterLogEvents(
    { client: await aws.logs() },
    { logGroupName, startTime: now - LAST_PASS_MS, filterPattern: '{ $.message = "inspection pass" }' },
  );
  let last: LastPass | undefined;
  for await (const { events = [] } of pages)
    for (const { timestamp = 0, message = '{}' } of events) {
      if (last !== undefined && timestamp < last.at) continue;
      const report = JSON.parse(message) as { complete?: boolean; problems?: readonly unknown[] };
      last = { at: timestamp, isComplete: report.complete === true, problems: report.problems?.length ?? 0 };
    }
  return last;
}
