import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { CHECK_PROBLEM_KINDS } from '../functions/checker/report/check-report.ts';
import { PROBLEM_KINDS } from '../functions/inspector/report/pass-report.ts';
import type { MetricKind, Service } from '../functions/pass/signals.ts';
import { signalMetric } from './alarm.ts';
import type { ScheduledPass } from './scheduled-pass.ts';
import type { SchedulerQueue } from './scheduler-queue.ts';

const WIDTH = 24;
const PERIOD = Duration.minutes(5);

export interface OperatorDashboardProps {
  readonly inspector: ScheduledPass;
  readonly checker?: ScheduledPass | undefined;
  readonly queue: SchedulerQueue;
}

/** What an operator asks, in that order: first whether anything is alarming, then graph by graph why. */
export class OperatorDashboard extends Construct {
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, props: OperatorDashboardProps) {
    super(scope, id);
    const { inspector, checker, queue } = props;
    const alarms = [...inspector.alarms, ...(checker?.alarms ?? []), ...queue.alarms];
    // Dashboards are the account's, whatever the region.
    const { stackName, region } = Stack.of(this);
    this.dashboardName = `${stackName}-${region}`;
    new Dashboard(this, 'Dashboard', {
      dashboardName: this.dashboardName,
      defaultInterval: Duration.hours(6),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: WIDTH, height: 3 })],
        [new TextWidget({ markdown: this.links(props), width: WIDTH, height: 2 })],
        this.passes(inspector, checker),
        this.queue(queue),
        this.drops(),
        this.restores(checker),
      ],
    });
  }

  private passes(inspector: ScheduledPass, checker: ScheduledPass | undefined): IWidget[] {
    const of = (pass: ScheduledPass, label: string): IMetric[] => [
      pass.function.metricInvocations({ statistic: 'Sum', period: PERIOD, label: `${label}: made` }),
      pass.function.metricErrors({ statistic: 'Sum', period: PERIOD, label: `${label}: failed` }),
    ];
    return [
      graph('Are passes made, and do they end well?', [
        ...of(inspector, 'passes'),
        ...(checker ? of(checker, 'checks') : []),
      ]),
      graph('Do they get done what is due?', [
        this.signal('inspector', 'oldestDue', 'Maximum'),
        ...(checker ? [this.signal('checker', 'oldestDue', 'Maximum')] : []),
        ...(checker ? [this.signal('checker', 'cutShort')] : []),
        this.signal('inspector', 'cutShort'),
      ]),
    ];
  }

  private queue({ queue, deadLetters }: SchedulerQueue): IWidget[] {
    const props = { statistic: 'Maximum', period: PERIOD };
    return [
      graph('Do workers take what is sent?', [
        this.signal('inspector', 'enqueued'),
        queue.metricNumberOfMessagesDeleted({ statistic: 'Sum', period: PERIOD, label: 'done with' }),
        queue.metricApproximateNumberOfMessagesVisible({ ...props, label: 'waiting' }),
        queue.metricApproximateNumberOfMessagesNotVisible({ ...props, label: 'in work' }),
        ...(deadLetters
          ? [deadLetters.metricApproximateNumberOfMessagesVisible({ ...props, label: 'dead letters' })]
          : []),
      ]),
      graph('How long do messages wait?', [
        queue.metricApproximateAgeOfOldestMessage({ ...props, label: 'oldest message, seconds' }),
      ]),
    ];
  }

  private drops(): IWidget[] {
    return [
      graph('What becomes of failed restores?', [
        this.signal('inspector', 'dropped'),
        this.signal('inspector', 'withheld'),
        this.signal('inspector', 'dropsFailed'),
      ]),
      graph('For how long has one been unsettled?', [this.signal('inspector', 'unsettled', 'Maximum')]),
    ];
  }

  private restores(checker: ScheduledPass | undefined): IWidget[] {
    return [
      graph('Which problems are there?', [
        ...PROBLEM_KINDS.map((kind) => this.signal('inspector', 'problems', 'Sum', kind)),
        ...(checker
          ? CHECK_PROBLEM_KINDS.map((kind) => this.signal('checker', 'problems', 'Sum', kind))
          : []),
      ]),
      ...(checker
        ? [
            graph('What becomes of running restores?', [
              this.signal('checker', 'published'),
              this.signal('checker', 'oldestRunning', 'Maximum'),
            ]),
          ]
        : []),
    ];
  }

  private signal(
    service: Service,
    metric: MetricKind,
    statistic: 'Sum' | 'Maximum' = 'Sum',
    kind?: string,
  ): IMetric {
    return signalMetric(this, service, metric, {
      statistic,
      period: PERIOD,
      ...(kind !== undefined && { kind }),
    }).with({ label: [service, kind ?? metric].join(': ') });
  }

  private links({ inspector, checker, queue }: OperatorDashboardProps): string {
    const { region } = Stack.of(this);
    const console = (path: string) => `https://${region}.console.aws.amazon.com/${path}?region=${region}#`;
    const ofFunction = (name: string, pass: ScheduledPass): string[] => [
      `[${name}](${console('lambda/home')}/functions/${pass.functionName})`,
      `[its log](${console('cloudwatch/home')}logsV2:log-groups/log-group/${pass.logGroupName})`,
      `[failed invocations](${ofQueue(pass.failedPasses.queueUrl)})`,
    ];
    const ofQueue = (url: string): string => `${console('sqs/v3/home')}/queues/${url}`;
    return [
      ...ofFunction('inspector', inspector),
      ...(checker ? ofFunction('checker', checker) : []),
      `[queue](${ofQueue(queue.queue.queueUrl)})`,
      ...(queue.deadLetters ? [`[dead letters](${ofQueue(queue.deadLetters.queueUrl)})`] : []),
      `\n\nWhat an alarm means and what to do: RUNBOOK.md, under the alarm's name. First of all: \`npx copy-segment status --stack ${Stack.of(this).stackName}\``,
    ].join(' · ');
  }
}

const graph = (title: string, left: IMetric[]): GraphWidget =>
  new GraphWidget({ title, left, width: WIDTH / 2, height: 6 });
