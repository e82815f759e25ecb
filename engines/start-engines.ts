import { type DynamoDBClientConfig, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { createDynamoClient, createSqsClient } from '../functions/aws/clients.ts';
import { describeError } from '../functions/copy-segment/describe-error.ts';
import { startEmbeddedDynamoDB } from './embedded-dynamodb.ts';
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

type Service = 'DynamoDB' | 'SQS';

// No emulator checks them, but the SDK signs with something.
const anyone = { region: 'us-east-1', credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' } };

/**
 * Starts an engine for each service that no `AWS_ENDPOINT_URL_…` names.
 *
 * @throws UnusableEndpointError when an endpoint of the environment does not answer as its service
 * @throws NoEmbeddedEngineError on a platform without an embedded DynamoDB
 */
export async function startEngines(env: NodeJS.ProcessEnv = process.env): Promise<Engines> {
  const started: Engine[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((engine) => engine.stop()));
  };
  const configure = async (service: Service, start: () => Promise<Engine>) => {
    const named = endpointIn(env, service);
    if (named) {
      const config = { ...identityOf(env), endpoint: named.value };
      await tryOut(service, named, config);
      return config;
    }
    const engine = await start();
    started.push(engine);
    return { ...anyone, endpoint: engine.endpoint };
  };
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

/** A first request that changes nothing: what is wrong with an endpoint is better told before there are tables. */
async function tryOut(service: Service, { variable, value }: NamedEndpoint, config: object): Promise<void> {
  if (!/^https?:\/\/[^/]/.test(value))
    throw new UnusableEndpointError(
      `${variable} is "${value}": it must be a URL such as http://127.0.0.1:8000.`,
    );
  const client = service === 'DynamoDB' ? createDynamoClient(config) : createSqsClient(config);
  const command =
    service === 'DynamoDB' ? new ListTablesCommand({ Limit: 1 }) : new ListQueuesCommand({ MaxResults: 1 });
  try {
    // biome-ignore lint/suspicious/noExplicitAny: one call for the clients of two services
    await (client as any).send(command);
  } catch (error) {
    throw new UnusableEndpointError(
      `${service} cannot be used at ${value}, which ${variable} names: ${whatWentWrong(service, error as Error)}.\n` +
        `Start it, point ${variable} to where it is, or unset ${variable} to use the embedded ${service}.`,
    );
  } finally {
    client.destroy();
  }
}

function whatWentWrong(service: Service, error: Error & { $metadata?: { httpStatusCode?: number } }): string {
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) return `what is there answered with HTTP status ${status}, not as ${service}`;
  // Node joins the failures of all addresses of a host in one error without a message.
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return describeError(cause)
    .replace(/^Error: /, '')
    .replace(/\.$/, '');
}
