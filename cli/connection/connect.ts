import { createDynamoClient, createSqsClient } from '../../functions/aws/clients.ts';
import { createMeter } from '../../functions/aws/metered-clients.ts';
import { DEFAULT_DUE_SHARDS } from '../../functions/copy-segment/due-index.ts';
import { UserError } from '../user-error.ts';
import type { Connection, Deployment } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { counted } from './counted.ts';
import { type ClientOptions, lazyClients } from './lazy-clients.ts';
import { readStack } from './read-stack.ts';

/** What a command asks of its connection. */
export interface ConnectRequest {
  readonly options: ConnectionOptions;
  /** See `typedOptions`. */
  readonly typed: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Finds the deployment, and connects to it. With `--embedded`, starts the engines and loads the restore.
 *
 * @throws UserError if the options name no deployment
 */
export async function connect(request: ConnectRequest): Promise<Connection> {
  const { options, typed } = request;
  if (options.embedded !== undefined) {
    const { connectEmbedded } = await import('./connect-embedded.ts');
    return connectEmbedded(options.embedded, request);
  }
  const meter = createMeter();
  const clients: ClientOptions = {
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.region !== undefined && { region: options.region }),
  };
  const deployment = overridden(
    options.stack === undefined ? undefined : await readStack(options.stack, clients, meter),
    options,
  );
  const dynamo = counted(createDynamoClient(clients), meter);
  const sqs = counted(createSqsClient(clients), meter);
  const { aws, destroy } = lazyClients(clients, meter);
  return {
    ...deployment,
    dynamo,
    sqs,
    aws,
    meter,
    name: options.stack === undefined ? `tables ${deployment.tables.jobs}, …` : `stack ${options.stack}`,
    isEmbedded: false,
    options: typed,
    async close() {
      dynamo.destroy();
      sqs.destroy();
      destroy();
    },
  };
}

/** What is named beats what the stack says. */
function overridden(stack: Deployment | undefined, options: ConnectionOptions): Deployment {
  const jobs = options.jobsTable ?? stack?.tables.jobs;
  const tasks = options.tasksTable ?? stack?.tables.tasks;
  const segments = options.segmentsTable ?? stack?.tables.segments;
  if (!jobs || !tasks || !segments)
    throw new UserError(
      'Which deployment? Name its stack (--stack NAME), its three tables (--jobs-table,\n' +
        '--tasks-table and --segments-table), or try the sample (--embedded).',
    );
  return {
    tables: { jobs, tasks, segments },
    shards: options.shards ?? stack?.shards ?? DEFAULT_DUE_SHARDS,
    queueUrl: options.queueUrl ?? stack?.queueUrl,
    maxDrops: stack?.maxDrops,
    alarmNamePrefix: stack?.alarmNamePrefix,
    inspector: {
      ...stack?.inspector,
      ...(options.inspectorFunction !== undefined && { functionName: options.inspectorFunction }),
      ...(options.schedule !== undefined && { scheduleName: options.schedule }),
      ...(options.logGroup !== undefined && { logGroupName: options.logGroup }),
    },
    checker: {
      ...stack?.checker,
      ...(options.checkerFunction !== undefined && { functionName: options.checkerFunction }),
      ...(options.checkerSchedule !== undefined && { scheduleName: options.checkerSchedule }),
      ...(options.checkerLogGroup !== undefined && { logGroupName: options.checkerLogGroup }),
    },
  };
}
