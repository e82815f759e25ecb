import { type Answer, accessDenied, serviceStub } from './service-stub.ts';

/** What CloudWatch was told of a queue in one minute. */
export interface Datum {
  readonly queue: string;
  readonly metric: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly value: number;
}

export interface StubAlarm {
  readonly AlarmName: string;
  readonly StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly isComposite?: boolean;
}

const ALARMS_PER_PAGE = 2;

/**
 * CloudWatch, as far as alarms are listed, two per page, and metrics of queues read: figures lie between marks of the
 * clock, as long as the period, and newest come first. On 127.0.0.1, and where the SDK looks for it.
 */
export async function cloudWatchStub({
  data = [],
  alarms = [],
  refused = [],
  forbidden = false,
}: {
  readonly data?: readonly Datum[];
  readonly alarms?: readonly StubAlarm[];
  /** Operations that are not allowed. */
  readonly refused?: readonly string[];
  /** Whether the metrics may be asked for, and not seen. */
  readonly forbidden?: boolean;
}) {
  const operations: Record<string, Answer> = {
    DescribeAlarms({ AlarmNamePrefix = '', AlarmTypes = ['MetricAlarm'], NextToken = '0' }) {
      const found = alarms.filter(
        ({ AlarmName, isComposite }) =>
          AlarmName.startsWith(AlarmNamePrefix) &&
          AlarmTypes.includes(isComposite ? 'CompositeAlarm' : 'MetricAlarm'),
      );
      const end = Number(NextToken) + ALARMS_PER_PAGE;
      const page = found.slice(Number(NextToken), end).map(({ since, isComposite, ...alarm }) => ({
        isComposite,
        alarm: { ...alarm, ...(since !== undefined && { StateTransitionedTimestamp: since / 1_000 }) },
      }));
      return {
        MetricAlarms: page.filter(({ isComposite }) => !isComposite).map(({ alarm }) => alarm),
        CompositeAlarms: page.filter(({ isComposite }) => isComposite).map(({ alarm }) => alarm),
        ...(end < found.length && { NextToken: String(end) }),
      };
    },
    GetMetricData({ StartTime, EndTime, MetricDataQueries }) {
      return {
        MetricDataResults: MetricDataQueries.map((query: MetricQuery) =>
          forbidden
            ? { Id: query.Id, StatusCode: 'Forbidden', Timestamps: [], Values: [] }
            : resultOf(query, data, { from: Math.floor(StartTime / 60) * 60, to: EndTime }),
        ),
      };
    },
  };
  for (const operation of refused)
    operations[operation] = () => {
      throw accessDenied(`cloudwatch:${operation}`);
    };
  return serviceStub('CLOUDWATCH', operations);
}

interface MetricQuery {
  readonly Id: string;
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
    };
    readonly Period: number;
    readonly Stat: string;
  };
}

function resultOf(
  { Id, MetricStat: { Metric, Period, Stat } }: MetricQuery,
  data: readonly Datum[],
  { from, to }: { readonly from: number; readonly to: number },
) {
  const [dimension, ...others] = Metric.Dimensions;
  const isOfQueue = Metric.Namespace === 'AWS/SQS' && dimension?.Name === 'QueueName' && others.length === 0;
  const found = data.filter(
    ({ queue, metric }) => isOfQueue && queue === dimension?.Value && metric === Metric.MetricName,
  );
  const byPeriod = Map.groupBy(found, ({ at }) => Math.floor(at / 1_000 / Period) * Period);
  const points = [...byPeriod].filter(([at]) => at >= from && at < to).sort(([a], [b]) => b - a);
  return {
    Id,
    StatusCode: 'Complete',
    Timestamps: points.map(([at]) => at),
    Values: points.map(([, group]) => statisticOf(Stat, group)),
  };
}

function statisticOf(stat: string, group: readonly Datum[]): number {
  const values = group.map(({ value }) => value);
  if (stat === 'Maximum') return Math.max(...values);
  if (stat === 'Sum') return values.reduce((sum, value) => sum + value, 0);
  throw new Error(`no such statistic here: ${stat}`);
}
