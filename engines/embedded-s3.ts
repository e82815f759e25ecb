import { buildApp } from 'fauxqs';
import type { Engine } from './engine.ts';
import { answerPreconditions } from './s3-preconditions.ts';

/**
 * Starts the S3 emulator in this process, on a free port of 127.0.0.1, in memory. It takes at most 11 MiB per request.
 *
 * @param preconditions whether it heeds If-None-Match and its kind as S3 does; by itself it ignores them
 */
export async function startEmbeddedS3({ preconditions = true } = {}): Promise<Engine> {
  const app = buildApp({ logger: false });
  if (preconditions) answerPreconditions(app);
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  return { name: 'fauxqs', endpoint, stop: () => app.close() };
}
