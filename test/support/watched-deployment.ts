import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { inject, vi } from 'vitest';
import { createQueue } from '../../engines/queue.ts';
import { MINUTE, NOW } from './builders.ts';
import { metricsOf } from './captured-metrics.ts';
import { deployedHandler } from './deployed-handler.ts';
import { disturbedClients, embeddedWorld } from './embedded-world.ts';
import { endpointInBetween, type Interference, type PassingRequest } from './endpoint-in-between.ts';
import { type AlarmState, alarmState, type MetricAlarm, pointsOf, type Sent } from './metric-alarm.ts';
import { type Resource, synthesise } from './synthesise.ts';

type Scheduled = 'Inspector' | 'Checker';
const SCHEDULED: readonly Scheduled[] = ['Inspector', 'Checker'];

/**
 * How far back CloudWatch looks where data points are missing, in periods: it does not say, so that an alarm has to come
 * to the same state whichever it is.
 */
const LOOKS_BACK = (evaluated: number): readonly number[] => [evaluated, evaluated + 2, 2 * evaluated];

export type WatchedDeployment = Awaited<ReturnType<typeof watchedDeployment>>;

/**
 * A stack at work: the functions of its cloud assembly are invoked as its schedules would, minute by minute of a clock
 * that is set by hand, on embedded engines. What they tell CloudWatch, and what Lambda and SQS would, is kept, and the
 * alarms of its template are evaluated on it.
 *
 * @param context of the deployment
 */
export async function watchedDeployment(context: Record<string, unknown> = {}) {
  const stack = synthesise(context);
  const alarms = stack.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties as MetricAlarm);
  const world = await embeddedWorld();
  const { sqs } = disturbedClients();
  const [, queueName] = /\/([^/]+)$/.exec(world.queueUrl) as unknown as [string, string];
  const { QueueUrl: deadLettersUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: `${queueName}-dead` }),
  );
  const [queueId, queue] = found(
    ({ Type, Properties }) => Type === 'AWS::SQS::Queue' && Properties.RedrivePolicy,
  );
  if (!queueId.startsWith('Scheduler')) throw new Error(`${queueId} gives messages up`);
  const { maxReceiveCount, deadLetterTargetArn } = queue.Properties.RedrivePolicy;
  const deadLettersId: string = deadLetterTargetArn['Fn::GetAtt'][0];

  // Before the bundles are loaded: what they keep of Date is that of the clock.
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  const handlers = {
    Inspector: (await deployedHandler<unknown>('Inspector', world, context)).handler,
    Checker: (await deployedHandler<unknown>('Checker', world, context)).handler,
  };
  let interfere: (request: PassingRequest) => Interference = () => undefined;
  const dynamo = await endpointInBetween(inject('dynamoEndpoint'), (request) => interfere(request));
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.endpoint);

  const functions = Object.fromEntries(
    SCHEDULED.map((prefix) => {
      const [, schedule] = found(
        ({ Type }, id) => Type === 'AWS::Scheduler::Schedule' && id.startsWith(prefix),
      );
      const { Arn, Input } = schedule.Properties.Target;
      return [prefix, { id: Arn['Fn::GetAtt'][0] as string, event: JSON.parse(Input) as unknown }];
    }),
  ) as Record<Scheduled, { readonly id: string; readonly event: unknown }>;

  const sent = new Map<string, Sent[]>();
  const paused = new Set<Scheduled>();

  const deployment = {
    world,
    alarms,
    tables: world.tables,
    /** What Lambda leaves an invocation, in milliseconds. */
    remainingMs: 15 * MINUTE,

    pause: (prefix: Scheduled): void => void paused.add(prefix),
    resume: (prefix: Scheduled): void => void paused.delete(prefix),
    now: (): number => Date.now(),

    /** What becomes of the requests of the functions to DynamoDB from now on. */
    interfere(how: typeof interfere = () => undefined): void {
      interfere = how;
    },

    /** Lets time go by, with the invocations of the schedules. @param each minutes between two of them */
    async minutes(count: number, each = 1): Promise<void> {
      for (let minute = 0; minute < count; minute += each) {
        vi.setSystemTime(Date.now() + each * MINUTE);
        for (const prefix of SCHEDULED) {
          if (paused.has(prefix)) continue;
          note('AWS/Lambda', 'AsyncEventsReceived', { FunctionName: ref(functions[prefix].id) }, 1);
          await deployment.invoke(prefix);
        }
        note(
          'AWS/SQS',
          'ApproximateNumberOfMessagesVisible',
          { QueueName: { 'Fn::GetAtt': [deadLettersId, 'QueueName'] } },
          await deadLetters(),
        );
      }
    },

    /** An invocation that waits for its answer, as an operator's or a stream's does. */
    async invoke(prefix: Scheduled, event = functions[prefix].event): Promise<void> {
      let errors = 0;
      const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => deployment.remainingMs };
      const data = await metricsOf(() =>
        handlers[prefix](event, context).catch(() => {
          errors = 1;
        }),
      );
      for (const { namespace, name, dimensions, value } of data) note(namespace, name, dimensions, value);
      note('AWS/Lambda', 'Errors', { FunctionName: ref(functions[prefix].id) }, errors);
    },

    async deleteQueue(): Promise<void> {
      await sqs.send(new DeleteQueueCommand({ QueueUrl: world.queueUrl }));
    },

    /** The queue, as it was. */
    async createQueue(): Promise<void> {
      await createQueue(sqs, queueName, false);
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: deadLettersUrl, AttributeNames: ['QueueArn'] }),
      );
      const RedrivePolicy = JSON.stringify({
        maxReceiveCount,
        deadLetterTargetArn: Attributes?.QueueArn,
      });
      await sqs.send(
        new SetQueueAttributesCommand({ QueueUrl: world.queueUrl, Attributes: { RedrivePolicy } }),
      );
    },

    /** A worker receives the messages of the queue, and does not finish with them before they are visible again. */
    async receiveInVain(): Promise<void> {
      await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: world.queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 0,
        }),
      );
    },

    async purgeDeadLetters(): Promise<void> {
      await sqs.send(new PurgeQueueCommand({ QueueUrl: deadLettersUrl }));
    },

    stateOf(alarm: MetricAlarm): AlarmState {
      const ofMetric = sent.get(identityOf(alarm)) ?? [];
      const states = new Set(
        LOOKS_BACK(alarm.EvaluationPeriods).map((periods) =>
          alarmState(alarm, pointsOf(alarm, ofMetric, { now: Date.now(), periods })),
        ),
      );
      if (states.size > 1) throw new Error(`${alarm.AlarmName} depends on how far back CloudWatch looks`);
      return [...states][0] as AlarmState;
    },

    async close(): Promise<void> {
      vi.useRealTimers();
      vi.unstubAllEnvs();
      await dynamo.close();
    },
  };
  await deployment.createQueue();
  return deployment;

  async function deadLetters(): Promise<number> {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: deadLettersUrl,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Number(Attributes?.ApproximateNumberOfMessages);
  }

  function note(namespace: string, name: string, dimensions: Record<string, unknown>, value: number): void {
    const identity = identityOf({
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    });
    sent.set(identity, [...(sent.get(identity) ?? []), { at: Date.now(), value }]);
  }

  function found(is: (resource: Resource, id: string) => boolean): [string, Resource] {
    const [first, ...others] = Object.entries(stack.resources).filter(([id, resource]) => is(resource, id));
    if (first === undefined || others.length > 0)
      throw new Error(`${others.length + (first ? 1 : 0)} resources are found`);
    return first;
  }
}

const ref = (id: string) => ({ Ref: id });

/** What tells a metric from others. */
const identityOf = ({
  Namespace,
  MetricName,
  Dimensions,
}: Pick<MetricAlarm, 'Namespace' | 'MetricName' | 'Dimensions'>): string =>
  JSON.stringify([
    Namespace,
    MetricName,
    Dimensions.map(({ Name, Value }) => [Name, Value]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  ]);
