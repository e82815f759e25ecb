import { isTooFarAhead } from './due-index.ts';
import type { Breach, Circumstances, Invariant, Restore } from './invariants.ts';
import { isNotAsked, isPresent, wrongTimes } from './invariants-of-items.ts';
import { isJob, isRunning } from './job.ts';
import { isDispatchable, type Task, type TaskSighting } from './task.ts';
import { MAX_LOST_LEASES } from './task-changes.ts';

const TIMES = ['createdAt', 'enqueuedAt', 'leaseExpiresAt', 'completedAt', 'segmentsDroppedAt', 'dueAt'];

export const taskInvariants: readonly Invariant[] = [
  {
    name: 'a task can be read',
    *breaches({ tasks }): Generator<Breach> {
      for (const { key, reading } of tasks) {
        const reason = reading.ok ? flawsOf(reading.value) : reading.reason;
        if (reason !== undefined) yield { key: keyOf(key), reason };
      }
    },
  },
  ofTask('a task that is settled is Failed', ({ task }) =>
    isSettled(task) && task.state !== 'Failed' ? `it is ${task.state}` : undefined,
  ),
  ofTask('a task that is settled is out of the index', ({ task }) =>
    isSettled(task) && task.dueAt !== undefined ? `its dueAt is ${task.dueAt}` : undefined,
  ),
  // Under a Failed job its targets may be left to drop: a late writer's, or those of a drop that failed.
  ofTask('a task that is Completed is out of the index, unless its job failed', ({ task, job }) =>
    task.state === 'Completed' && task.dueAt !== undefined && stateOf(job) !== 'Failed'
      ? `its dueAt is ${task.dueAt}`
      : undefined,
  ),
  ofTask('a Failed task that is not settled has a marker, or its job failed', ({ task, job }) => {
    const isLost = task.state === 'Failed' && !isSettled(task) && task.dueAt === undefined;
    return isLost && stateOf(job) !== 'Failed' ? 'no pass will drop its targets' : undefined;
  }),
  ofTask('an unfinished task has a marker, unless its job is over or it has no lease', ({ task, job }) => {
    if (task.dueAt !== undefined || !isUnfinished(task)) return undefined;
    if (task.state === 'InProgress' && !isPresent(task.raw.leaseExpiresAt)) return undefined;
    const isOver = job !== 'missing' && isJob(job) && !isRunning(job);
    return isOver ? undefined : `it is ${task.state}, and no pass will look at it`;
  }),
  ofTask('a marker of a task is in a shard that passes ask', ({ task, shards }) =>
    isNotAsked(task, shards) ? `its dueShard is ${task.raw.dueShard ?? 'missing'} of ${shards}` : undefined,
  ),
  ofTask('a marker of a task is no further ahead than its lease or the longest backoff', (one) =>
    isTooFarAhead(one.task, leaseThatDecides(one), one.now) ? `its dueAt is ${one.task.dueAt}` : undefined,
  ),
  ofTask('only a task that is InProgress has a lease', ({ task }) =>
    task.state !== 'InProgress' && isPresent(task.raw.leaseExpiresAt) ? `it is ${task.state}` : undefined,
  ),
  ofTask('a task that is Pending has no worker', ({ task }) =>
    task.state === 'Pending' && isPresent(task.raw.nodeId) ? `its nodeId is ${task.raw.nodeId}` : undefined,
  ),
  ofTask(`a task that lost ${MAX_LOST_LEASES} leases is Failed`, ({ task }) =>
    isDispatchable(task) && task.lostLeases >= MAX_LOST_LEASES && task.state !== 'Failed'
      ? `it is ${task.state} with ${task.lostLeases} lost leases`
      : undefined,
  ),
  {
    name: 'the times of a task are epoch milliseconds',
    *breaches({ tasks }): Generator<Breach> {
      for (const { key, raw } of tasks)
        for (const reason of wrongTimes(raw, TIMES)) yield { key: keyOf(key), reason };
    },
  },
];

interface One extends Circumstances {
  readonly task: Task;
  readonly job: Restore['job'];
}

/** @param flaw why it does not hold of a task */
function ofTask(name: string, flaw: (one: One) => string | undefined): Invariant {
  return {
    name,
    *breaches({ job, tasks }, circumstances): Generator<Breach> {
      for (const { key, reading } of tasks) {
        const reason = reading.ok ? flaw({ task: reading.value, job, ...circumstances }) : undefined;
        if (reason !== undefined) yield { key: keyOf(key), reason };
      }
    },
  };
}

const keyOf = ({ jobId, taskId }: TaskSighting['key']): Breach['key'] => ({ jobId, taskId });
const isSettled = (task: Task): boolean => task.segmentsDroppedAt !== undefined;
const isUnfinished = ({ state }: Task): boolean => state === 'Pending' || state === 'InProgress';
const stateOf = (job: Restore['job']) => (job !== 'missing' && isJob(job) ? job.state : undefined);

/** What a pass would find wrong with a task that can be read. */
function flawsOf(task: Task): string | undefined {
  const flaws = [isDispatchable(task) ? undefined : task.flaws, task.unreadableTargets, task.mappingFlaws];
  const found = flaws.filter((flaw) => flaw !== undefined);
  return found.length > 0 ? found.join('; ') : undefined;
}

/** A lease says when to look next only where its end would end it. */
const leaseThatDecides = ({ task, job }: One): number | undefined =>
  task.state === 'InProgress' && isDispatchable(task) && job !== 'missing' && isJob(job) && isRunning(job)
    ? task.leaseExpiresAt
    : undefined;
