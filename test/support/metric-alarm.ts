/** An alarm on one metric, as CloudFormation has it. */
export interface MetricAlarm {
  readonly AlarmName: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Statistic: string;
  /** Seconds. */
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly TreatMissingData: string;
}

export type AlarmState = 'OK' | 'ALARM';

/** A value that CloudWatch was sent, and when, in epoch milliseconds. */
export interface Sent {
  readonly at: number;
  readonly value: number;
}

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Maximum: (values) => Math.max(...values),
};

/** What a missing data point counts as; every alarm here says so, which leaves no way to INSUFFICIENT_DATA. */
const MISSING_BREACHES: Readonly<Record<string, boolean>> = { breaching: true, notBreaching: false };

/**
 * The state that CloudWatch puts an alarm into.
 *
 * Where data points are missing, CloudWatch looks further back than the periods that it evaluates. If it finds as many
 * as it evaluates, it takes the most recent of these; if not, it fills up what is lacking, and no more.
 *
 * @param points of one period each, oldest first, undefined where one is missing: all that CloudWatch looks at
 */
export function alarmState(
  alarm: Pick<
    MetricAlarm,
    'EvaluationPeriods' | 'DatapointsToAlarm' | 'Threshold' | 'ComparisonOperator' | 'TreatMissingData'
  >,
  points: readonly (number | undefined)[],
): AlarmState {
  const { EvaluationPeriods, DatapointsToAlarm, Threshold } = alarm;
  const isBreaching = known(COMPARISONS, alarm.ComparisonOperator);
  const found = points.filter((point) => point !== undefined).slice(-EvaluationPeriods);
  const breaches = found.filter((point) => isBreaching(point, Threshold)).length;
  const filled = known(MISSING_BREACHES, alarm.TreatMissingData) ? EvaluationPeriods - found.length : 0;
  return breaches + filled >= DatapointsToAlarm ? 'ALARM' : 'OK';
}

/** The data points of the periods that end at `now`, oldest first. */
export function pointsOf(
  { Period, Statistic }: Pick<MetricAlarm, 'Period' | 'Statistic'>,
  sent: readonly Sent[],
  { now, periods }: { readonly now: number; readonly periods: number },
): (number | undefined)[] {
  const statistic = known(STATISTICS, Statistic);
  return Array.from({ length: periods }, (_, index) => {
    const to = now - (periods - 1 - index) * Period * 1_000;
    const values = sent.filter(({ at }) => at > to - Period * 1_000 && at <= to).map(({ value }) => value);
    return values.length > 0 ? statistic(values) : undefined;
  });
}

/** @throws Error for what no alarm had until now: it is to be written down first */
function known<T>(all: Readonly<Record<string, T>>, name: string): T {
  const found = all[name];
  if (found === undefined) throw new Error(`${name} is not evaluated yet`);
  return found;
}
