import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { readJobs } from '../cli/status/read-jobs.ts';
import { createDynamoClient } from '../functions/aws/clients.ts';
import { expired, job, NOW, task } from './support/builders.ts';
import { embeddedWorld, enginesOfTheRun } from './support/embedded-world.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SHARDS = 4;
const TASKS_PER_PAGE = 25;

it('status keeps counts, not tasks, however many are overdue or have lost their job', async () => {
  const world = await embeddedWorld();
  const JOBS = [
    job({ jobId: 1n }),
    job({ jobId: 2n, state: 'Completed' }),
    job({ jobId: 3n, state: 'Failed', segmentsDroppedAt: NOW }),
    // There is no job 4.
  ];
  const tasksOf = (jobId: bigint) =>
    Array.from({ length: 400 }, (_, n) =>
      task({ jobId, taskId: BigInt(n + 1), ...(n % 2 === 0 && expired) }),
    );
  await world.has(JOBS, [1n, 2n, 3n, 4n].flatMap(tasksOf));

  const dynamo = createDynamoClient(enginesOfTheRun().dynamo);
  onTestFinished(() => dynamo.destroy());
  const seen: WeakRef<object>[] = [];
  const alive: number[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: one step in front of every request
  type Anything = any;
  (dynamo.middlewareStack as Anything).add(
    (next: Anything, { commandName }: { commandName: string }) =>
      async (args: Anything) => {
        if (!commandName.startsWith('Query')) return next(args);
        // What a reference was made to in this turn stays until its end.
        await nextTurn();
        collectGarbage();
        alive.push(seen.filter((item) => item.deref() !== undefined).length);
        const result = await next({ ...args, input: { ...args.input, Limit: TASKS_PER_PAGE } });
        for (const item of result.output.Items) seen.push(new WeakRef(item));
        return result;
      },
    { step: 'initialize', priority: 'high', name: 'watchItems' },
  );
  const read = await readJobs({ dynamo, tables: world.tables, shards: SHARDS } as Anything, {
    now: NOW,
    signal: new AbortController().signal,
  });

  expect(read.jobs.map(({ jobId, worst }) => [jobId, worst?.count])).toEqual([
    ['1', 200],
    ['2', 400],
    ['3', 400],
    ['4', 400],
  ]);
  expect(seen).toHaveLength(1_600);
  expect(Math.max(...alive)).toBeLessThanOrEqual(2 * SHARDS * TASKS_PER_PAGE);
});
