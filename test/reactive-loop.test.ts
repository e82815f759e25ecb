import { describe, expect, it } from 'vitest';
import { passesFilter } from '../engines/event-filter.ts';
import type { LambdaRecord } from '../engines/table-stream.ts';
import { WAKES_CHECKER_ON_TASKS } from '../functions/checker/wake-patterns.ts';
import { WAKES_INSPECTOR_ON_JOBS, WAKES_INSPECTOR_ON_TASKS } from '../functions/inspector/wake-patterns.ts';
import { FatalError } from '../functions/worker/fatal-error.ts';
import { HOUR, NOW } from './support/builders.ts';
import { everySituation } from './support/every-situation.ts';
import { type ReactiveWorld, reactiveWorld } from './support/reactive-world.ts';
import { mappingsOf, RESTORE, submitTo } from './support/submit-world.ts';
import { workerIn } from './support/worker-in.ts';

/** Works off what is in the queue. */
async function work(world: ReactiveWorld, copy: (taskId: bigint) => Promise<void>): Promise<number> {
  const worker = workerIn(world);
  const messages = await world.messages();
  for (const message of messages)
    await worker.work(JSON.stringify(message), async ({ task }) => {
      await copy(task.taskId as bigint);
      return { copiedObjects: 1, copiedBytes: 1_000n };
    });
  return messages.length;
}

const TASKS = 5;
const SEGMENTS = 98 * TASKS;

describe('a restore that streams move along, without a single scheduled pass', () => {
  it('goes from submit to Completed, each function woken by what others write and never by itself', async () => {
    const world = await reactiveWorld();
    await submitTo(world, RESTORE, mappingsOf(SEGMENTS));
    await world.react();
    expect(await work(world, async () => {})).toBe(TASKS);
    await world.react();
    expect(await world.job()).toMatchObject({ state: 'Completed', completedTasks: BigInt(TASKS) });
    const { segments } = await world.items();
    expect(segments).toHaveLength(SEGMENTS);
    for (const { state } of segments) expect(state).toBe('Flushed');

    const records = (await world.records('tasks')).length;
    // Each task was created, marked, claimed, completed: of these a function each wants the first and the last.
    expect(records).toBe(4 * TASKS);
    expect(world.sources.inspectorOnTasks.counts()).toEqual({
      records,
      matched: TASKS,
      invocations: 1,
      discarded: 0,
    });
    expect(world.sources.checkerOnTasks.counts()).toEqual({
      records,
      matched: TASKS,
      invocations: 1,
      discarded: 0,
    });
    expect(world.sources.inspectorOnJobs.counts()).toMatchObject({ matched: 0, invocations: 0 });
  });

  it('goes from the first failure to every target Dropped', async () => {
    const world = await reactiveWorld();
    await submitTo(world, RESTORE, mappingsOf(SEGMENTS));
    await world.react();
    await work(world, async (taskId) => {
      if (taskId === 3n) throw new FatalError('source object gone');
    });
    await world.react();
    expect(await world.job()).toMatchObject({
      state: 'Failed',
      reason: `1/${TASKS} tasks failed: source object gone`,
      segmentsDroppedAt: expect.any(BigInt),
    });
    for (const { state } of (await world.items()).segments) expect(state).toBe('Dropped');
    expect(world.sources.inspectorOnTasks.counts()).toMatchObject({ matched: TASKS + 1, invocations: 2 });
    expect(world.sources.inspectorOnJobs.counts()).toMatchObject({ matched: 1, invocations: 1 });
    expect(world.sources.checkerOnTasks.counts()).toMatchObject({ matched: TASKS, invocations: 1 });
  });
});

describe('the inspector', () => {
  it('wakes itself by nothing that its passes write; the checker by a task that it gives up', async () => {
    const world = await reactiveWorld();
    // Whoever has a task in progress had a message, which was marked.
    await world.has(
      everySituation().map((row) =>
        row.item.state === 'InProgress' ? { ...row, item: { enqueuedAt: NOW - HOUR, ...row.item } } : row,
      ),
    );
    await Promise.all([world.records('tasks'), world.records('jobs')]);
    let givenUp = 0;
    for (const mode of ['inspect', 'recover', 'inspect', 'inspect']) {
      givenUp += (await world.pass({ mode })).tasks.failedForLostLeases;
      // Leases run out, and backoffs end.
      world.clock.now += 12 * HOUR;
    }
    const [tasks, jobs] = [await world.records('tasks'), await world.records('jobs')];
    const count = (patterns: readonly unknown[], records: readonly LambdaRecord[]): number =>
      records.filter((record) => patterns.some((pattern) => passesFilter(pattern, record))).length;
    expect(tasks.length).toBeGreaterThan(20);
    expect(jobs.length).toBeGreaterThan(0);
    expect(count(WAKES_INSPECTOR_ON_TASKS, tasks)).toBe(0);
    expect(count(WAKES_INSPECTOR_ON_JOBS, jobs)).toBe(0);
    expect(givenUp).toBe(1);
    expect(count(WAKES_CHECKER_ON_TASKS, tasks)).toBe(givenUp);
  });
});
