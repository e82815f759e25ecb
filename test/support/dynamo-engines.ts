import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe } from 'vitest';
import { whyNotStartable } from '../../engines/dynamodb-local/installation.ts';
import { startDynamoDBLocal } from '../../engines/dynamodb-local/start-dynamodb-local.ts';
import { startEmbeddedDynamoDB } from '../../engines/embedded-dynamodb.ts';
import { startEmbeddedSqs } from '../../engines/embedded-sqs.ts';
import type { Engine, EngineName } from '../../engines/engine.ts';
import { createWorld, type World, type WorldOptions } from '../../engines/world.ts';

const identity = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** An engine of DynamoDB, and one of SQS beside it, from before the first test of a suite to after its last. */
export interface RunningEngine {
  readonly name: EngineName;
  /** As clients take them. */
  config(): { dynamo: typeof identity & { endpoint: string }; sqs: typeof identity & { endpoint: string } };
  /** Separate tables and a queue. */
  createWorld(options?: WorldOptions): Promise<World>;
}

interface StartableEngine {
  readonly name: EngineName;
  readonly title: string;
  /** Why it cannot be started here. */
  readonly missing: string | undefined;
  start(): Promise<Engine>;
}

const ENGINES: readonly StartableEngine[] = [
  {
    name: 'dynoxide',
    title: 'on the embedded engine',
    missing: whyNotEmbedded(),
    start: startEmbeddedDynamoDB,
  },
  {
    name: 'dynamodb-local',
    title: "on Amazon's DynamoDB Local",
    missing: whyNotStartable(),
    start: startDynamoDBLocal,
  },
];

/** The same suite over every engine of DynamoDB; for one that is not on this machine the title says why it does not run. */
export function describeOnEveryEngine(suite: (engine: RunningEngine) => void): void {
  for (const { name, title, missing, start } of ENGINES) {
    const why = missing === undefined ? '' : ` (not run: ${missing})`;
    describe.skipIf(missing !== undefined)(title + why, () => {
      const started: Engine[] = [];
      beforeAll(async () => {
        started.push(await start(), await startEmbeddedSqs());
      });
      afterAll(async () => {
        await Promise.all(started.map((engine) => engine.stop()));
      });
      const config: RunningEngine['config'] = () => {
        const [dynamo, sqs] = started.map(({ endpoint }) => ({ ...identity, endpoint }));
        if (dynamo === undefined || sqs === undefined) throw new Error('the engines run during tests only');
        return { dynamo, sqs };
      };
      suite({ name, config, createWorld: (options) => createWorld(config(), options) });
    });
  }
}

function whyNotEmbedded(): string | undefined {
  const platform = `${process.platform}-${process.arch}`;
  try {
    createRequire(import.meta.url).resolve(`@dynoxide/${platform}/dynoxide`);
    return undefined;
  } catch {
    return `there is none for ${platform}`;
  }
}
