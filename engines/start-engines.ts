import { type DynamoDBClientConfig, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand, type S3ClientConfig } from '@aws-sdk/client-s3';
import { ListQueuesCommand, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';
import { createS3Client } from '../functions/aws/s3-client.ts';
import { describeError } from '../functions/copy-segment/describe-error.ts';
import { startEmbeddedDynamoDB } from './embedded-dynamodb.ts';
import { startEmbeddedS3 } from './embedded-s3.ts';
import { startEmbeddedSqs } from './embedded-sqs.ts';
import type { Engine } from './engine.ts';

/** Where DynamoDB and SQS are: embedded, or where the SDK's environment variables point. */
export interface Engines {
  readonly dynamo: DynamoDBClientConfig & { readonly endpoint: string };
  readonly sqs: SQSClientConfig & { readonly endpoint: string };
  stop(): Promise<void>;
}

/** Thrown when an endpoint that the user named does not do what it is there for. */
export class UnusableEndpointError extends Error {
  override name = 'UnusableEndpointError';
}

/** Where S3 is: apart from the others, since only those who copy objects need it. */
export interface ObjectEngine {
  readonly s3: S3ClientConfig & { readonly endpoint: string };
  stop(): Promise<void>;
}

type Service = 'DynamoDB' | 'SQS' | 'S3';

// No emulator checks them, but the SDK signs with something.
const anyone = { region: 'us-east-1', credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' } };

/**
 * Starts an engine for each service that no `AWS_ENDPOINT_URL_…` names.
 *
 * @throws UnusableEndpointError when an endpoint of the environment does not answer as its service
 * @throws NoEmbeddedEngineError on a platform without an embedded DynamoDB
 */
export async function startEngines(env: NodeJS.ProcessEnv = process.env): Promise<Engines> {
  const { configure, stop } = starter(env);
  try {
    return {
      dynamo: await configure('DynamoDB', startEmbeddedDynamoDB),
      sqs: await configure('SQS', startEmbeddedSqs),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Starts S3, unless `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL` names it.
 *
 * @throws UnusableEndpointError when an endpoint of the environment does not answer as S3
 */
export async function startObjectEngine(env: NodeJS.ProcessEnv = process.env): Promise<ObjectEngine> {
  const { configure, stop } = starter(env);
  return { s3: await configure('S3', startEmbeddedS3), stop };
}

function starter(env: NodeJS.ProcessEnv) {
  const started: Engine[] = [];
  return {
    async configure(service: Service, start: () => Promise<Engine>) {
      const named = endpointIn(env, service);
      if (named) {
        const config = { ...identityOf(env), endpoint: named.value };
        await tryOut(service, named, config);
        return config;
      }
      const engine = await start();
      started.push(engine);
      return { ...anyone, endpoint: engine.endpoint };
    },
    async stop(): Promise<void> {
      await Promise.all(started.map((engine) => engine.stop()));
    },
  };
}

interface NamedEndpoint {
  readonly variable: string;
  readonly value: string;
}

/** As the SDK reads them: the service's own variable first. */
function endpointIn(env: NodeJS.ProcessEnv, service: Service): NamedEndpoint | undefined {
  for (const variable of [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'AWS_ENDPOINT_URL']) {
    const value = env[variable];
    if (value) return { variable, value };
  }
  return undefined;
}

/** What the environment says; an emulator of the user's wants nothing but an endpoint. */
const identityOf = (env: NodeJS.ProcessEnv) => ({
  ...(env.AWS_REGION || env.AWS_DEFAULT_REGION || env.AWS_PROFILE ? {} : { region: anyone.region }),
  ...(env.AWS_ACCESS_KEY_ID || env.AWS_PROFILE ? {} : { credentials: anyone.credentials }),
});

const FIRST_REQUESTS = {
  DynamoDB: (config: object) => ({
    client: createDynamoClient(config),
    command: new ListTablesCommand({ Limit: 1 }),
  }),
  SQS: (config: object) => ({
    client: createSqsClient(config),
    command: new ListQueuesCommand({ MaxResults: 1 }),
  }),
  S3: (config: object) => ({ client: createS3Client(config), command: new ListBucketsCommand({}) }),
};

/** A first request that changes nothing: what is wrong with an endpoint is better told before there are tables. */
async function tryOut(service: Service, { variable, value }: NamedEndpoint, config: object): Promise<void> {
  if (!/^https?:\/\/[^/]/.test(value))
    throw new UnusableEndpointError(
      `${variable} is "${value}".\nIt must be a URL such as http://127.0.0.1:8000.`,
    );
  const { client, command } = FIRST_REQUESTS[service](config);
  try {
    // biome-ignore lint/suspicious/noExplicitAny: one call for the clients of three services
    await (client as any).send(command);
  } catch (error) {
    throw new UnusableEndpointError(
      `No ${service} at ${value} (${variable}):\n  ${whatWentWrong(service, error as Error)}\n` +
        `Start it there, correct the variable, or unset it to use the embedded ${service}.`,
    );
  } finally {
    client.destroy();
  }
}

function whatWentWrong(service: Service, error: Error & { $metadata?: { httpStatusCode?: number } }): string {
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) return `something answers with HTTP status ${status}, but not as ${service}`;
  // Node joins the failures of all addresses of a host in one error without a message.
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return describeError(cause)
    .replace(/^Error: /, '')
    .replace(/\.$/, '');
}
