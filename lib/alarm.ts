import { type Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { AlarmHeading } from '../functions/pass/alarm-headings.ts';
import {
  dimensionsOf,
  METRICS,
  type MetricKind,
  NAMESPACE,
  type Service,
} from '../functions/pass/signals.ts';

export interface PagingAlarmProps {
  /** The heading of the runbook, and the alarm's name. */
  readonly heading: AlarmHeading;
  /** What it means for a restore, one sentence. */
  readonly impact: string;
  /** What to type first, without the stack: `status`. */
  readonly command: string;
  readonly metric: IMetric;
  /** It breaches at this value and above; at this value and below if `isBreachedBelow`. */
  readonly threshold: number;
  readonly isBreachedBelow?: boolean;
  /** How many periods are looked at, and how many of them have to breach. */
  readonly of: number;
  readonly breaching: number;
  /** Whether silence is as bad as a breach. */
  readonly isMissingBreaching?: boolean;
}

/** An alarm that is worth waking somebody for: it says what it means, where to read on, and what to type. */
export function pagingAlarm(scope: Construct, id: string, props: PagingAlarmProps): Alarm {
  const { stackName } = Stack.of(scope);
  const { heading, impact, command, metric, threshold, of, breaching } = props;
  return new Alarm(scope, id, {
    alarmName: alarmName(stackName, heading),
    alarmDescription: `${impact} RUNBOOK.md: "${heading}". Type: npx copy-segment ${command} --stack ${stackName}`,
    metric,
    threshold,
    comparisonOperator: props.isBreachedBelow
      ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
      : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: of,
    datapointsToAlarm: breaching,
    treatMissingData: props.isMissingBreaching ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
  });
}

/** Unique in the account; all alarms of a stack begin alike. */
export const alarmName = (stackName: string, heading: string): string => `${stackName}: ${heading}`;

export interface SignalMetricProps {
  readonly statistic: 'Sum' | 'Maximum';
  readonly period: Duration;
  /** Of a problem. */
  readonly kind?: string;
}

/** A metric that a function emits, as alarms and graphs name it. */
export const signalMetric = (
  scope: Construct,
  service: Service,
  metric: MetricKind,
  { kind, ...props }: SignalMetricProps,
): Metric =>
  new Metric({
    namespace: NAMESPACE,
    metricName: METRICS[metric].name,
    dimensionsMap: { ...dimensionsOf(service, Stack.of(scope).stackName), ...(kind && { kind }) },
    ...props,
  });
