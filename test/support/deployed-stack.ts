import { onTestFinished } from 'vitest';
import { job, leased, NOW, type Row, task } from './builders.ts';
import { cloudFormationStub } from './cloud-formation-stub.ts';
import { cloudWatchStub } from './cloudwatch-stub.ts';
import { commandLine } from './command-in-process.ts';
import { embeddedWorld } from './embedded-world.ts';
import { type Line, logsStub } from './logs-stub.ts';
import { schedulerStub } from './scheduler-stub.ts';
import { accessDenied, serviceStub } from './service-stub.ts';

type Parts<F extends (...args: never[]) => unknown> = Parameters<F>[0];

/** A deployment as AWS shows it, healthy unless the test says otherwise. */
export interface Deployment {
  /** Its name; otherwise Restores. */
  readonly stack?: string;
  /** What is in the tables; otherwise a task that a worker holds. */
  readonly rows?: readonly Row[];
  readonly cloudWatch?: Parts<typeof cloudWatchStub>;
  readonly lines?: readonly Line[];
  readonly schedules?: Parts<typeof schedulerStub>;
  readonly refusedSchedules?: readonly string[];
  /** Messages in each queue; a queue that is not named may not be read. */
  readonly queues?: Readonly<Record<string, number>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly isWithoutChecker?: boolean;
  readonly refusedLogs?: boolean;
}

export const STACK = 'Restores';

export const line = (message: string, ago: number, report: Record<string, unknown> = {}): Line => ({
  group: message.startsWith('check') ? 'checks' : 'inspections',
  timestamp: new Date(NOW - ago).toISOString(),
  message,
  mode: message.startsWith('check') ? 'check' : 'inspect',
  dryRun: false,
  complete: true,
  problems: [],
  problemsOmitted: 0,
  ...report,
});
export const PASS = line('inspection pass', 40_000);
export const CHECK = line('check', 30_000);

export const urlOf = (queue: string): string => `https://sqs.us-east-1.amazonaws.com/123456789012/${queue}`;

/** A stack whose tables are on the engines of the run, and everything else on stubs; what the command line says of it. */
export async function deployed({
  stack = STACK,
  rows = [job(), task(leased)],
  cloudWatch = {},
  lines = [PASS, CHECK],
  schedules = { passes: {}, checks: {} },
  refusedSchedules = [],
  queues = { tasks: 2, 'dead-tasks': 0, 'failed-passes': 0, 'failed-checks': 0 },
  outputs = {},
  isWithoutChecker = false,
  refusedLogs = false,
}: Deployment = {}) {
  const world = await embeddedWorld();
  await world.has(rows);
  const { tables } = world;
  await cloudFormationStub(stack, {
    JobsTableName: tables.jobs,
    TasksTableName: tables.tasks,
    SegmentsTableName: tables.segments,
    QueueUrl: urlOf('tasks'),
    DueShards: '4',
    AlarmNamePrefix: `${stack}: `,
    FunctionName: 'inspector',
    ScheduleName: 'passes',
    LogGroupName: 'inspections',
    FailedPassesUrl: urlOf('failed-passes'),
    ...(!isWithoutChecker && {
      CheckerFunctionName: 'checker',
      CheckerScheduleName: 'checks',
      CheckerLogGroupName: 'checks',
      FailedChecksUrl: urlOf('failed-checks'),
    }),
    ...outputs,
  });
  const groups = refusedLogs ? [] : ['inspections', 'checks'];
  for (const stub of [
    await cloudWatchStub(cloudWatch),
    await logsStub(lines, { groups }),
    await schedulerStub(schedules, refusedSchedules),
  ])
    onTestFinished(stub.close);
  const sqs = await serviceStub('SQS', {
    GetQueueUrl: ({ QueueName }) => ({ QueueUrl: urlOf(QueueName) }),
    GetQueueAttributes({ QueueUrl }) {
      const name = QueueUrl.split('/').at(-1);
      const count = queues[name];
      if (count === undefined) throw accessDenied('sqs:GetQueueAttributes');
      const redrive = {
        deadLetterTargetArn: 'arn:aws:sqs:us-east-1:123456789012:dead-tasks',
        maxReceiveCount: 5,
      };
      return {
        Attributes: {
          ApproximateNumberOfMessages: String(count),
          ...(name === 'tasks' && { RedrivePolicy: JSON.stringify(redrive) }),
        },
      };
    },
  });
  onTestFinished(sqs.close);

  const command = (args: readonly string[], width?: number) =>
    commandLine([...args, '--stack', stack], {
      program: ['npx', 'copy-segment'],
      now: () => NOW,
      sqsEndpoint: sqs.endpoint,
      ...(width !== undefined && { width }),
    });
  return {
    world,
    command,
    text: async (width?: number) => (await command(['status'], width)).stdout,
    async json() {
      const { code, stdout } = await command(['status', '--json']);
      return { code, ...JSON.parse(stdout) };
    },
  };
}
