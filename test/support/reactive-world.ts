import { type EventSourceCounts, eventSource } from '../../engines/event-source.ts';
import { type LambdaRecord, openStream, type TableStream } from '../../engines/table-stream.ts';
import type { CheckRun } from '../../functions/checker/check-run.ts';
import { type Checker, createChecker } from '../../functions/checker/checker.ts';
import { reactTo as checkerReactsTo } from '../../functions/checker/reaction.ts';
import { WAKES_CHECKER_ON_TASKS } from '../../functions/checker/wake-patterns.ts';
import { createInspector, type Inspector } from '../../functions/inspector/inspector.ts';
import type { PassRun } from '../../functions/inspector/pass-run.ts';
import { reactTo as inspectorReactsTo } from '../../functions/inspector/reaction.ts';
import {
  WAKES_INSPECTOR_ON_JOBS,
  WAKES_INSPECTOR_ON_TASKS,
} from '../../functions/inspector/wake-patterns.ts';
import { checkerWorld } from './checker-world.ts';
import { type Disturbance, disturbedClients, enginesOfTheRun, type WorldOptions } from './embedded-world.ts';

export type ReactiveWorld = Awaited<ReturnType<typeof reactiveWorld>>;

/** A world whose tables have streams, and functions that they wake through the filters that are deployed. */
export async function reactiveWorld({ shards = 4, ...options }: WorldOptions = {}) {
  const world = await checkerWorld({ shards, ...options, streams: true });
  const { tables, queueUrl, clock } = world;
  const { dynamo: config } = enginesOfTheRun();
  const { dynamo } = disturbedClients();
  const now = () => clock.now;
  const open = (table: 'jobs' | 'tasks'): Promise<TableStream> => openStream(dynamo, config, tables[table]);

  const inspectorOf = (disturb?: Disturbance): Inspector =>
    createInspector({
      ...disturbedClients(disturb),
      tables,
      queueUrl,
      shards,
      now,
      ...(options.maxDrops !== undefined && { maxDrops: options.maxDrops }),
    });
  const checkerOf = (disturb?: Disturbance): Checker =>
    createChecker({ dynamo: disturbedClients(disturb).dynamo, tables, shards, now });

  const inspector = inspectorOf();
  const checker = checkerOf();
  const sources = {
    inspectorOnTasks: eventSource(await open('tasks'), {
      patterns: WAKES_INSPECTOR_ON_TASKS,
      invoke: async (event) => (await inspectorReactsTo(inspector, event)).response,
    }),
    inspectorOnJobs: eventSource(await open('jobs'), {
      patterns: WAKES_INSPECTOR_ON_JOBS,
      invoke: async (event) => (await inspectorReactsTo(inspector, event)).response,
    }),
    checkerOnTasks: eventSource(await open('tasks'), {
      patterns: WAKES_CHECKER_ON_TASKS,
      invoke: async (event) => (await checkerReactsTo(checker, event)).response,
    }),
  };
  const all = { jobs: await open('jobs'), tasks: await open('tasks') };

  return {
    ...world,
    sources,

    /** Every record of a table's stream since the last call, whether anybody wants it or not. */
    records: (table: 'jobs' | 'tasks'): Promise<LambdaRecord[]> => all[table].read(),

    /** Lets the streams wake who is to be woken, until nobody is. */
    async react(): Promise<void> {
      for (;;) {
        let read = 0;
        for (const source of Object.values(sources)) read += await source.poll();
        if (read === 0) return;
      }
    },

    invocations: (): Record<keyof typeof sources, number> => {
      const count = ({ counts }: { counts(): EventSourceCounts }): number => counts().invocations;
      return {
        inspectorOnTasks: count(sources.inspectorOnTasks),
        inspectorOnJobs: count(sources.inspectorOnJobs),
        checkerOnTasks: count(sources.checkerOnTasks),
      };
    },

    /** The inspector, invoked with these records whatever its filters say; the same one each time, unless it is disturbed. */
    inspectorReacts: (
      Records: readonly unknown[],
      { disturb, ...run }: PassRun & { disturb?: Disturbance } = {},
    ) => inspectorReactsTo(disturb ? inspectorOf(disturb) : inspector, { Records }, run),

    /** The checker likewise. */
    checkerReacts: (
      Records: readonly unknown[],
      { disturb, ...run }: CheckRun & { disturb?: Disturbance } = {},
    ) => checkerReactsTo(disturb ? checkerOf(disturb) : checker, { Records }, run),
  };
}
