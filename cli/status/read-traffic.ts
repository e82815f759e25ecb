import type { Connection } from '../connection/connection.ts';
import type { Signals } from './status.ts';

const MINUTE_MS = 60_000;
export const TRAFFIC_MINUTES = 15;

/**
 * What went through the queue of late, and how old its oldest message is.
 *
 * @throws Error if CloudWatch answers without the figures
 */
export async function readTraffic(
  { aws }: Pick<Connection, 'aws'>,
  queue: string,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Pick<Signals, 'traffic' | 'oldestMessageS'>> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = await aws.cloudWatch();
  const metric = (Id: string, MetricName: string, Stat: string) => ({
    Id,
    MetricStat: {
      Metric: { Namespace: 'AWS/SQS', MetricName, Dimensions: [{ Name: 'QueueName', Value: queue }] },
      // Of a longer period CloudWatch gives what lies between marks of the clock, and not what the last minutes were.
      Period: 60,
      Stat,
    },
  });
  const found = new Map<string, { at: number; value: number }[]>();
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date((Math.floor(now / MINUTE_MS) - TRAFFIC_MINUTES) * MINUTE_MS),
        EndTime: new Date(now),
        MetricDataQueries: [
          metric('received', 'NumberOfMessagesReceived', 'Sum'),
          metric('deleted', 'NumberOfMessagesDeleted', 'Sum'),
          metric('age', 'ApproximateAgeOfOldestMessage', 'Maximum'),
        ],
        ...(NextToken && { NextToken }),
      }),
      { abortSignal: signal },
    );
    for (const { Id = '', StatusCode, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
      if (StatusCode === 'Forbidden' || StatusCode === 'InternalError')
        throw new Error(`CloudWatch did not answer for ${Id}: ${StatusCode}`);
      const points = Values.map((value, index) => ({ at: Timestamps[index]?.getTime() ?? 0, value }));
      found.set(Id, [...(found.get(Id) ?? []), ...points]);
    }
    NextToken = page.NextToken;
  } while (NextToken);

  // A queue that nobody used for hours has no figures at all.
  const sum = (id: string): number => (found.get(id) ?? []).reduce((total, { value }) => total + value, 0);
  const [newest] = (found.get('age') ?? []).toSorted((a, b) => b.at - a.at);
  return {
    traffic: { received: sum('received'), deleted: sum('deleted') },
    ...(newest !== undefined && newest.value > 0 && { oldestMessageS: newest.value }),
  };
}
