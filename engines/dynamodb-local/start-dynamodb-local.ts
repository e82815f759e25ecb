import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Engine } from '../engine.ts';
import { LIBRARIES } from './installation.ts';

/** It lives for a few seconds: the optimising compiler would take a second core for little. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/**
 * Starts Amazon's DynamoDB Local on a free port of 127.0.0.1, in memory. It is slower than the embedded engine, and
 * closer to DynamoDB: the contract tests run on both.
 *
 * @throws Error if it does not start; `whyNotStartable` tells beforehand
 */
export async function startDynamoDBLocal(): Promise<Engine> {
  const java = spawn(
    'java',
    [
      ...SHORT_LIVED,
      ...['-cp', join(LIBRARIES, '*'), `-Dsqlite4java.library.path=${LIBRARIES}`],
      join(import.meta.dirname, 'LoopbackServer.java'),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const exited = once(java, 'exit');
  const complaints = text(java.stderr);
  const listening = once(createInterface(java.stdout), 'line');
  const line = await Promise.race([listening, exited.then(() => undefined)]);
  if (line === undefined) throw new Error(`DynamoDB Local did not start: ${await complaints}`);
  return {
    name: 'dynamodb-local',
    endpoint: `http://127.0.0.1:${line[0]}`,
    async stop() {
      java.stdin.end();
      await exited;
    },
  };
}
