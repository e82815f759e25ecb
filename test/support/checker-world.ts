import { parseCheckEvent } from '../../functions/checker/check-event.ts';
import type { CheckRun } from '../../functions/checker/check-run.ts';
import { createChecker } from '../../functions/checker/checker.ts';
import type { CheckReport } from '../../functions/checker/report/check-report.ts';
import { HOUR, job, NOW, type Row, segment, task } from './builders.ts';
import { type Disturbance, disturbedClients, embeddedWorld, type WorldOptions } from './embedded-world.ts';

export type CheckerWorld = Awaited<ReturnType<typeof checkerWorld>>;

/** A world in which a checker works beside the inspector. */
export async function checkerWorld({ shards = 4, ...options }: WorldOptions = {}) {
  const world = await embeddedWorld({ shards, ...options });

  const check = (
    event: unknown = {},
    { disturb, ...run }: CheckRun & { disturb?: Disturbance } = {},
  ): Promise<CheckReport> => {
    const { dynamo } = disturbedClients(disturb);
    const { tables, clock } = world;
    const { windowSize } = options;
    const checker = createChecker({
      dynamo,
      tables,
      shards,
      now: () => clock.now,
      ...(windowSize !== undefined && { windowSize }),
    });
    return checker(parseCheckEvent(event), run);
  };

  return {
    ...world,
    check,

    /** Changes attributes of a job as another writer would. */
    async changeJob(attributes: Record<string, unknown>, jobId = 1n): Promise<void> {
      await world.put('jobs', { ...(await world.job(jobId)), ...attributes });
    },
  };
}

/** An Executing job that was submitted with its totals, and is due. */
export const submitted = (totalTasks: number, totalSegments: number, overrides = {}): Row =>
  job({ totalTasks, totalSegments, timeoutAt: NOW + 24 * HOUR, dueAt: NOW, ...overrides });

/** A task that a worker has Completed a while ago. */
export const done = (taskId: bigint, targets: readonly bigint[], overrides = {}): Row =>
  task({ taskId, state: 'Completed', targets, completedAt: NOW - HOUR, copiedBytes: 1_000n, ...overrides });

/** A submitted job whose tasks are all Completed: `tasks` of `targets` each, numbered from 1 on. */
export function copied(tasks: number, targets: number, jobId = 1n): Row[] {
  const base = (jobId - 1n) * 1_000_000n;
  const idsOf = (taskId: number): bigint[] =>
    Array.from({ length: targets }, (_, index) => base + BigInt((taskId - 1) * targets + index + 1));
  const taskIds = Array.from({ length: tasks }, (_, index) => index + 1);
  return [
    submitted(tasks, tasks * targets, { jobId }),
    ...taskIds.map((taskId) => done(BigInt(taskId), idsOf(taskId), { jobId })),
    ...taskIds.flatMap(idsOf).map((id) => segment(id, 'Importing', { jobId })),
  ];
}
