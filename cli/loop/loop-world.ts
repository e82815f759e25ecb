import type { S3Client } from '@aws-sdk/client-s3';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Buckets, createBuckets } from '../../engines/buckets.ts';
import { startEngines, startObjectEngine } from '../../engines/start-engines.ts';
import { createWorld, deleteAll, type World } from '../../engines/world.ts';
import { createDynamoClient } from '../../functions/aws/clients.ts';
import { createS3Client } from '../../functions/aws/s3-client.ts';

/** Tables, a queue and two buckets, wherever the engines are. */
export interface LoopWorld extends World {
  readonly buckets: Buckets;
  /** Clients for a party of its own. */
  clients(): { readonly dynamo: DynamoDBDocumentClient; readonly s3: S3Client };
}

/** The three engines. */
export type LoopEngines = Awaited<ReturnType<typeof startLoopEngines>>;

export async function startLoopEngines() {
  const engines = await startEngines();
  try {
    const objects = await startObjectEngine();
    return {
      ...engines,
      s3: objects.s3,
      async stop(): Promise<void> {
        await Promise.all([engines.stop(), objects.stop()]);
      },
    };
  } catch (error) {
    await engines.stop();
    throw error;
  }
}

/**
 * Creates tables, queue and buckets; if one of them cannot be created, deletes the others before it throws.
 *
 * @throws NotCreatedError
 */
export async function createLoopWorld(engines: LoopEngines): Promise<LoopWorld> {
  const world = await createWorld(engines);
  const buckets = await createBuckets(engines).catch(async (error: unknown) => {
    await world.destroy();
    throw error;
  });
  return {
    ...world,
    buckets,
    clients: () => ({ dynamo: createDynamoClient(engines.dynamo), s3: createS3Client(engines.s3) }),
    destroy: () => deleteAll([buckets.destroy(), world.destroy()]),
  };
}
