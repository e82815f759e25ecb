import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Question, SideCounts } from './engine-side.ts';

export interface EngineSide {
  /** Sends contenders to this DynamoDB from now on, with a queue that is empty, and counts anew. */
  lead(dynamo: string, latencyMs: number): Promise<{ readonly endpoint: string; readonly queueUrl: string }>;
  counts(): Promise<SideCounts>;
  stop(): Promise<void>;
}

/** The queue and the wire, in a process of their own. */
export async function startEngineSide(): Promise<EngineSide> {
  const child = fork(join(import.meta.dirname, 'engine-side.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const next = async (): Promise<unknown> => {
    const answer = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
    if (answer === undefined) throw new Error('the process of the queue has ended');
    return answer[0];
  };
  await next();
  const ask = async (question: Question): Promise<Answer> => {
    child.send(question);
    return (await next()) as Answer;
  };
  return {
    lead: (dynamo, latencyMs) =>
      ask({ kind: 'lead', dynamo, latencyMs }) as Promise<{ endpoint: string; queueUrl: string }>,
    counts: () => ask({ kind: 'counts' }) as Promise<SideCounts>,
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
