import { absent, asRead, type Change } from '../../functions/copy-segment/change.ts';
import { isRunning, type JobState } from '../../functions/copy-segment/job.ts';
import type { TaskMessage } from '../../functions/copy-segment/task-message.ts';
import { MINUTE } from '../support/builders.ts';
import type { Stage } from './stage.ts';

export const LEASE_MS = 10 * MINUTE;

/** A claim that a worker remembers, whether it still holds it or not. */
export interface Held {
  readonly jobId: bigint;
  readonly taskId: bigint;
  readonly taskVersion: bigint;
}

type TaskChange = Change<'tasks'>;

/** Takes a task by its message, as section 10 has it. */
export async function claim(
  { clock, write, items }: Stage,
  { jobId, taskId, taskVersion, reason }: TaskMessage['body'],
  hasLease = true,
): Promise<Held | undefined> {
  const held = { jobId: BigInt(jobId), taskId: BigInt(taskId), taskVersion: BigInt(taskVersion) + 1n };
  const { jobs } = await items();
  const job = jobs.find((item) => item.jobId === held.jobId);
  if (job === undefined || !isRunning({ state: job.state as JobState })) return undefined;

  const leaseExpiresAt = clock.now + LEASE_MS;
  const take = async (conditions: TaskChange['if']): Promise<boolean> => {
    const [outcome] = await write([
      {
        table: 'tasks',
        key: { jobId: held.jobId, taskId: held.taskId },
        if: { ...conditions, ...asRead({ taskVersion: BigInt(taskVersion) }, 'taskVersion') },
        set: {
          state: 'InProgress',
          taskVersion: Number(held.taskVersion),
          nodeId: 'datanode',
          ...(hasLease && { leaseExpiresAt, dueAt: leaseExpiresAt }),
        },
        remove: hasLease ? [] : ['dueAt'],
      },
    ]);
    return outcome?.kind === 'done';
  };
  const isTaken =
    (await take({ state: 'Pending' })) ||
    (reason === 'recovery' && (await take({ state: 'InProgress', leaseExpiresAt: absent })));
  return isTaken ? held : undefined;
}

export const DEEDS = ['heartbeat', 'complete', 'fail', 'handOver'] as const;
export type Deed = (typeof DEEDS)[number];

/** What a worker writes about a task, if it is still its own; a worker that was dead for a day tries as well. */
export async function work({ clock, write }: Stage, held: Held, deed: Deed): Promise<void> {
  const { now } = clock;
  const ends = ['leaseExpiresAt', 'dueAt'] as const;
  const deeds: Record<Deed, Pick<TaskChange, 'set' | 'remove'>> = {
    heartbeat: { set: { leaseExpiresAt: now + LEASE_MS, dueAt: now + LEASE_MS }, remove: [] },
    complete: { set: { state: 'Completed', completedAt: now }, remove: ends },
    fail: {
      set: { state: 'Failed', reason: 'source changed', completedAt: now, dueAt: now },
      remove: ['leaseExpiresAt'],
    },
    handOver: {
      set: { state: 'Pending', taskVersion: Number(held.taskVersion) + 1, enqueueCount: 0, dueAt: now },
      remove: ['leaseExpiresAt', 'nodeId'],
    },
  };
  const { jobId, taskId, taskVersion } = held;
  await write([
    {
      table: 'tasks',
      key: { jobId, taskId },
      if: { state: 'InProgress', taskVersion },
      ...deeds[deed],
    } as never,
  ]);
}
