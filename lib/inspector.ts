import { Duration } from 'aws-cdk-lib';
import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ENVIRONMENT } from '../functions/inspector/environment.ts';
import type { MetricKind } from '../functions/pass/signals.ts';
import { pagingAlarm, signalMetric } from './alarm.ts';
import type { MetadataTables } from './metadata-tables.ts';
import { PASS_TIMEOUT, ScheduledPass } from './scheduled-pass.ts';
import type { SchedulerQueue } from './scheduler-queue.ts';

export interface InspectorProps {
  readonly tables: MetadataTables;
  readonly queue: SchedulerQueue;
  readonly scheduleMinutes: number;
  readonly shards: number;
  readonly memoryMiB: number;
  readonly maxDrops: number;
  readonly disposable: boolean;
  readonly logRetention: RetentionDays;
}

/** The function that makes one inspection pass, on its schedule. */
export class Inspector extends ScheduledPass {
  constructor(scope: Construct, id: string, { tables, queue, shards, maxDrops, ...props }: InspectorProps) {
    super(scope, id, {
      ...props,
      room: 'inspector',
      environment: {
        ...tables.variables(shards),
        [ENVIRONMENT.queueUrl]: queue.queue.queueUrl,
        [ENVIRONMENT.inspectSeconds]: String(Math.min(props.scheduleMinutes * 60, PASS_TIMEOUT.toSeconds())),
        [ENVIRONMENT.maxDrops]: String(maxDrops),
      },
      event: { mode: 'inspect' },
      description: 'One inspection pass of the copy-segment inspector',
      alarms: {
        none: {
          heading: 'No passes',
          impact: 'Nothing is enqueued, released or dropped: restores stand still.',
        },
        failing: {
          heading: 'Passes fail',
          impact: 'Restores may stand still: passes end with an error, or achieve nothing.',
        },
      },
      grant(role) {
        tables.grantInspection(role);
        queue.grantSend(role);
      },
    });
    this.alarms.push(...this.createWorkAlarms(props.scheduleMinutes));
  }
  private createWorkAlarms(scheduleMinutes: number): Alarm[] {
    const each = Duration.minutes(scheduleMinutes);
    const metric = (kind: MetricKind, statistic: 'Sum' | 'Maximum', period: Duration): Metric =>
      signalMetric(this, 'inspector', kind, { statistic, period });
    return [
      pagingAlarm(this, 'CutShortAlarm', {
        heading: 'Passes are cut short',
        impact: 'More becomes due than passes get done: restores get slower and slower.',
        command: 'status',
        metric: metric('cutShort', 'Sum', each),
        threshold: 1,
        ...(scheduleMinutes === 1 ? { of: 15, breaching: 15 } : { of: 3, breaching: 3 }),
      }),
      pagingAlarm(this, 'DueTooLongAlarm', {
        heading: 'Work is overdue',
        impact: 'Something has been due for half an hour or more: its restore stands still.',
        command: 'status',
        metric: metric('oldestDue', 'Maximum', atLeast5(each)),
        threshold: OVERDUE.toSeconds() + each.toSeconds(),
        of: 3,
        breaching: 3,
      }),
      pagingAlarm(this, 'WithheldAlarm', {
        heading: 'Drops are withheld',
        impact:
          'More segments were to be dropped at once than maxDrops allows: a very large restore failed, or something fails them all.',
        command: 'log --since 1h',
        metric: metric('withheld', 'Sum', atLeast5(each)),
        threshold: 1,
        of: 1,
        breaching: 1,
      }),
      pagingAlarm(this, 'DropsFailAlarm', {
        heading: 'Drops fail',
        impact: 'Data of a failed restore stays visible: its segments cannot be dropped.',
        command: 'status',
        metric: metric('dropsFailed', 'Sum', atLeast5(each)),
        threshold: 1,
        of: 3,
        breaching: 3,
      }),
      pagingAlarm(this, 'UnsettledAlarm', {
        heading: 'A job stays unsettled',
        impact: 'A restore failed a day ago, and some of its data is visible still.',
        command: 'status',
        metric: metric('unsettled', 'Maximum', UNSETTLED_LOOK),
        threshold: Duration.days(1).toSeconds(),
        of: 2,
        breaching: 1,
      }),
    ];
  }
}

/** What is due is worked on within minutes; a backlog that takes longer is worth a look. */
const OVERDUE = Duration.minutes(30);

/** An unsettled job is looked at at least this often. */
const UNSETTLED_LOOK = Duration.hours(6);

const atLeast5 = (each: Duration): Duration => (each.toMinutes() < 5 ? Duration.minutes(5) : each);
