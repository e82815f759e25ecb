import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { SQSClientConfig } from '@aws-sdk/client-sqs';
import { startEmbeddedDynamoDB } from './embedded-dynamodb.ts';
import { startEmbeddedSqs } from './embedded-sqs.ts';

/** Where DynamoDB and SQS are: embedded, or wherever the SDK's own environment points. */
export interface Engines {
  readonly dynamo: DynamoDBClientConfig;
  readonly sqs: SQSClientConfig;
  stop(): Promise<void>;
}

// No emulator checks them, but the SDK signs with something.
const anyone = { region: 'us-east-1', credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' } };

/** Starts an engine for each service that no `AWS_ENDPOINT_URL_…` names. */
export async function startEngines(env: NodeJS.ProcessEnv = process.env): Promise<Engines> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((engine) => engine.stop()));
  };
  const configure = async (service: string, start: typeof startEmbeddedSqs) => {
    if (env[`AWS_ENDPOINT_URL_${service}`] ?? env.AWS_ENDPOINT_URL) return identityOf(env);
    const engine = await start();
    started.push(engine);
    return { ...anyone, endpoint: engine.endpoint };
  };
  try {
    return {
      dynamo: await configure('DYNAMODB', startEmbeddedDynamoDB),
      sqs: await configure('SQS', startEmbeddedSqs),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the environment says; an emulator of the user's own wants nothing but an endpoint. */
const identityOf = (env: NodeJS.ProcessEnv) => ({
  ...(env.AWS_REGION || env.AWS_DEFAULT_REGION || env.AWS_PROFILE ? {} : { region: anyone.region }),
  ...(env.AWS_ACCESS_KEY_ID || env.AWS_PROFILE ? {} : { credentials: anyone.credentials }),
});
