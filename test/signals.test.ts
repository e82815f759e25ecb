import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { METRICS } from '../functions/pass/signals.ts';
import { expired, HOUR, job, MINUTE, type Row, segment, task } from './support/builders.ts';
import { type Datum, metricsOf } from './support/captured-metrics.ts';
import { copied } from './support/checker-world.ts';
import { deployedHandler } from './support/deployed-handler.ts';
import { embeddedWorld, type World } from './support/embedded-world.ts';
import { sectionOf } from './support/markdown.ts';
import { synthesise } from './support/synthesise.ts';

const DAY = 24 * HOUR;
// The handlers' clock is the real one.
const now = Date.now();
const at = (row: Row, attributes: Record<string, unknown>): Row => ({
  ...row,
  item: { ...row.item, ...attributes },
});
const due = (row: Row, dueAt = now - MINUTE): Row => at(row, { dueAt });
const failedTask = (jobId: bigint, taskId: bigint, ...targets: bigint[]): Row =>
  due(task({ jobId, taskId, state: 'Failed', targets }));
const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };

type Handler = (event: unknown, context?: unknown) => Promise<unknown>;

/** A state of the world, and what is invoked in it. Each has jobs of its own. */
interface State {
  readonly of: 'inspector' | 'checker';
  readonly rows: readonly Row[];
  readonly event?: Record<string, unknown>;
  readonly context?: unknown;
  readonly isWithoutQueue?: boolean;
  readonly isWithoutTasks?: boolean;
}

/** Whatever the functions have to say. */
const STATES: readonly State[] = [
  {
    of: 'inspector',
    rows: [],
    context: { ...context, getRemainingTimeInMillis: () => 2_000 },
  },
  { of: 'inspector', rows: [job({ jobId: 1n }), due(task({ jobId: 1n }), now - HOUR)] },
  {
    of: 'inspector',
    rows: [
      job({ jobId: 2n }),
      failedTask(2n, 1n, 21n, 22n),
      ...[21n, 22n].map((id) => segment(id, 'Importing', { jobId: 2n })),
    ],
    event: { maxDrops: 1 },
  },
  {
    of: 'inspector',
    rows: [
      job({ jobId: 3n }),
      failedTask(3n, 1n, 31n),
      segment(31n, 'Flushed', { jobId: 3n, publishedAt: now - HOUR }),
    ],
  },
  {
    of: 'inspector',
    rows: [
      due(job({ jobId: 4n, state: 'Failed', completedAt: now - 2 * DAY })),
      task({ jobId: 4n, state: 'Completed', idMappings: 'none' }),
    ],
  },
  {
    of: 'inspector',
    rows: [
      job({ jobId: 11n }),
      due(task({ jobId: 11n, taskId: 1n })),
      failedTask(11n, 2n, 111n, 112n),
      segment(111n, 'Importing', { jobId: 11n }),
      segment(112n, 'Importing', { jobId: 99n }),
      due(task({ jobId: 11n, taskId: 3n, ...expired, leaseExpiresAt: now - MINUTE, lostLeases: 9 })),
      due(task({ jobId: 12n, taskId: 1n })),
      due(job({ jobId: 13n }), now - 2 * HOUR),
    ],
  },
  { of: 'inspector', rows: [job({ jobId: 14n }), due(task({ jobId: 14n }))], isWithoutQueue: true },
  { of: 'checker', rows: copied(1, 2, 21n).map((row) => (row.table === 'jobs' ? due(row) : row)) },
  {
    of: 'checker',
    rows: [
      due(job({ jobId: 22n, createdAt: now - DAY })),
      due(job({ jobId: 23n })),
      task({ jobId: 23n, state: 'Failed', dueAt: now + HOUR }),
      due(job({ jobId: 24n, state: 'Paused' as 'Pending' })),
    ],
  },
  { of: 'checker', rows: [due(job({ jobId: 25n }))], isWithoutTasks: true },
  { of: 'checker', rows: [], context: { ...context, getRemainingTimeInMillis: () => 2_000 } },
];

const stack = synthesise();
const alarms = stack.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
const headingOf = ({ AlarmName }: { AlarmName: string }): string => AlarmName.split(': ')[1] ?? '';

/** What tells a metric from others. */
const identity = (namespace: string, name: string, dimensions: Record<string, unknown>): string =>
  [
    namespace,
    name,
    ...Object.entries(dimensions)
      .map((entry) => entry.join('='))
      .sort(),
  ].join(' ');
const idOfDatum = ({ namespace, name, dimensions }: Datum): string => identity(namespace, name, dimensions);
describe('what the functions tell CloudWatch', () => {
  let world: World;
  const handlers: Record<string, Handler> = {};
  const all: Datum[] = [];
  const idle: Datum[] = [];

  const play = async ({ of, rows, event, context: ofState, isWithoutQueue, isWithoutTasks }: State) => {
    const jobIds = [...new Set(rows.map(({ item }) => item.jobId as bigint))].map(String);
    await world.has(...rows);
    const handler = handlers[
      isWithoutQueue ? 'withoutQueue' : isWithoutTasks ? 'withoutTasks' : of
    ] as Handler;
    const requested = jobIds.length > 0 ? { jobIds } : {};
    return metricsOf(() => handler({ ...requested, ...event }, ofState ?? context));
  };

  beforeAll(async () => {
    world = await embeddedWorld();
    const { tables, queueUrl } = world;
    const handlerOf = async (construct: 'Inspector' | 'Checker', elsewhere = {}): Promise<Handler> =>
      (await deployedHandler<unknown>(construct, { tables, queueUrl, ...elsewhere })).handler;
    handlers.withoutQueue = await handlerOf('Inspector', { queueUrl: `${queueUrl}-gone` });
    handlers.inspector = await handlerOf('Inspector');
    handlers.withoutTasks = await handlerOf('Checker', { tables: { ...tables, tasks: 'no-tasks' } });
    handlers.checker = await handlerOf('Checker');
    for (const of of ['inspector', 'checker'] as const) idle.push(...(await play({ of, rows: [] })));
    for (const state of STATES) all.push(...(await play(state)));
  }, 120_000);
  afterAll(() => vi.unstubAllEnvs());

  it('is nothing when there is nothing to do, which costs nothing', () => {
    expect(idle).toEqual([]);
  });

  it('is nothing in a dry run', async () => {
    const rows = [job({ jobId: 31n }), due(task({ jobId: 31n }))];
    expect(await play({ of: 'inspector', rows, event: { dryRun: true } })).toEqual([]);
  });

  it('is at most ten metrics, each of which the code emits, in its unit', () => {
    expect(Object.keys(METRICS).length).toBeLessThanOrEqual(10);
    const units = Object.fromEntries(all.map(({ name, unit }) => [name, unit]));
    expect(units).toEqual(Object.fromEntries(Object.values(METRICS).map(({ name, unit }) => [name, unit])));
  });

  describe('every graph of the dashboard', () => {
    const graphed = widgets()
      .filter(({ type }) => type === 'metric')
      .flatMap(({ properties }) => metricsOfGraph(properties.metrics));
    const ofOurs = graphed.filter((id) => id.startsWith('CopySegment '));

    it('is of metrics that the code emits, by name and dimensions', () => {
      const known = new Set(all.map(idOfDatum));
      expect(ofOurs.filter((id) => !known.has(id))).toEqual([]);
    });

    it('together, show every metric that there is', () => {
      const names = new Set(ofOurs.map((id) => id.split(' ')[1]));
      expect([...names].sort()).toEqual(
        Object.values(METRICS)
          .map(({ name }) => name)
          .sort(),
      );
      expect(all.map(idOfDatum).filter((id) => !ofOurs.includes(id))).toEqual([]);
    });
  });
});

describe('the dashboard', () => {
  it('begins with the states of all alarms', () => {
    const [first] = widgets();
    expect(first?.type).toBe('alarm');
    expect(first?.properties.alarms).toHaveLength(alarms.length);
  });

  it('then leads to functions, logs and queues', () => {
    const [, second] = widgets();
    for (const name of ['inspector', 'checker', 'its log', 'failed invocations', 'queue', 'dead letters'])
      expect(second?.properties.markdown).toContain(`[${name}](https://`);
  });

  it('asks a question with every graph', () => {
    const titles = widgets()
      .filter(({ type }) => type === 'metric')
      .map(({ properties }) => properties.title);
    expect(titles).toHaveLength(8);
    for (const title of titles) expect(title).toMatch(/\?$/);
  });

  it('is left out when it is not wanted', () => {
    expect(synthesise({ dashboard: false }).ofType('AWS::CloudWatch::Dashboard')).toEqual([]);
  });
});

describe('alarms on what AWS itself counts', () => {
  const alarm = (heading: string) => alarms.find((properties) => headingOf(properties) === heading);
  const dimension = (heading: string) => alarm(heading)?.Dimensions[0].Value;
  const scheduledFunction = (prefix: string) => {
    const [, schedule] =
      Object.entries(stack.resources).find(
        ([id, { Type }]) => Type === 'AWS::Scheduler::Schedule' && id.startsWith(prefix),
      ) ?? [];
    return schedule?.Properties.Target.Arn['Fn::GetAtt'][0];
  };

  it.each([
    ['No passes', 'Inspector'],
    ['No checks', 'Checker'],
  ])(
    '%s: goes off when no schedule has invoked the function for five minutes, whatever streams do',
    (heading, prefix) => {
      expect(alarm(heading)).toMatchObject({
        Namespace: 'AWS/Lambda',
        MetricName: 'AsyncEventsReceived',
        ComparisonOperator: 'LessThanOrEqualToThreshold',
        Threshold: 0,
        Period: 60,
        EvaluationPeriods: 5,
        // Lambda sends nothing for a function that nobody asks for.
        TreatMissingData: 'breaching',
      });
      expect(dimension(heading)).toEqual({ Ref: scheduledFunction(prefix) });
    },
  );

  it.each([
    ['Passes fail', 'Inspector'],
    ['Checks fail', 'Checker'],
  ])('%s: goes off when three of five invocations end with an error', (heading, prefix) => {
    expect(alarm(heading)).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      DatapointsToAlarm: 3,
      EvaluationPeriods: 5,
    });
    expect(dimension(heading)).toEqual({ Ref: scheduledFunction(prefix) });
  });

  it('keep step with a schedule that is slower', () => {
    const slow = synthesise({ scheduleMinutes: 30 })
      .ofType('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties);
    expect(slow.find((properties) => headingOf(properties) === 'No passes')).toMatchObject({
      Period: 1_800,
      EvaluationPeriods: 3,
    });
    for (const { Period, EvaluationPeriods } of slow)
      expect(Period * EvaluationPeriods).toBeLessThanOrEqual(Period < 3_600 ? 86_400 : 7 * 86_400);
  });

  it('Dead letters: goes off with the first message that the queue gave up', () => {
    expect(alarm('Dead letters')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
    });
    const redriving = stack.ofType('AWS::SQS::Queue').find(({ Properties }) => Properties.RedrivePolicy);
    const deadLetters = redriving?.Properties.RedrivePolicy.deadLetterTargetArn['Fn::GetAtt'][0];
    expect(dimension('Dead letters')).toEqual({ 'Fn::GetAtt': [deadLetters, 'QueueName'] });
  });

  it('is not there for a queue that exists already, whose dead letters are somebody else’s', () => {
    const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:their-queue';
    const names = synthesise({ queueArn })
      .ofType('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => headingOf(Properties));
    expect(names).not.toContain('Dead letters');
  });
});

describe('RUNBOOK.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../RUNBOOK.md'), 'utf8');
  const section = sectionOf(page, 'Alarms');

  it('has a heading for every alarm, and none besides', () => {
    const headings = [...section.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(headings.sort()).toEqual(alarms.map(headingOf).sort());
  });

  it.each(alarms.map(headingOf))(
    'says what it means, where to look, what to do, and how to know that it worked: %s',
    (heading) => {
      const text = sectionOf(page, heading);
      for (const part of ['**Means**', '**Look**', '**Do**', '**Over when**']) expect(text).toContain(part);
      expect(text).toMatch(/npx copy-segment \w+/);
    },
  );

  it.each(alarms.map((properties) => [headingOf(properties), properties.AlarmDescription]))(
    'is where the alarm sends whoever it wakes, with a command that the page has as well: %s',
    (heading, description) => {
      expect(description).toContain(`RUNBOOK.md: "${heading}"`);
      const [, command] = /Type: (npx copy-segment .+) --stack/.exec(description) ?? [];
      expect(sectionOf(page, heading)).toContain(command);
    },
  );
});

interface Widget {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: as CloudWatch has them
  readonly properties: any;
}

/** The widgets of the dashboard; what CloudFormation would fill in stands as the name of its resource. */
function widgets(): Widget[] {
  const body = stack.only('AWS::CloudWatch::Dashboard').Properties.DashboardBody['Fn::Join'][1] as unknown[];
  const text = body.map((part) => (typeof part === 'string' ? part : refOf(part as Record<string, unknown>)));
  return JSON.parse(text.join('')).widgets;
}

const refOf = (reference: Record<string, unknown>): string => String(Object.values(reference).flat()[0]);

/** In a graph, a dot stands for what the metric before has in its place. */
function metricsOfGraph(metrics: readonly unknown[][]): string[] {
  let previous: unknown[] = [];
  return metrics.map((row) => {
    const parts = row
      .filter((part) => typeof part !== 'object')
      .map((part, index) => (part === '.' ? previous[index] : part));
    previous = parts;
    const [namespace, name, ...dimensions] = parts as string[];
    const pairs: [string, string][] = [];
    for (let index = 0; index < dimensions.length; index += 2)
      pairs.push([dimensions[index] as string, dimensions[index + 1] as string]);
    return identity(namespace as string, name as string, Object.fromEntries(pairs));
  });
}
