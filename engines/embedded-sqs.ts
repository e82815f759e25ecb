import { buildApp } from 'fauxqs';
import type { Engine } from './engine.ts';

/** Starts the SQS emulator in this process, on a free port of 127.0.0.1. Its own starter listens everywhere. */
export async function startEmbeddedSqs(): Promise<Engine> {
  const app = buildApp({ logger: false });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  return { name: 'fauxqs', endpoint, stop: () => app.close() };
}
