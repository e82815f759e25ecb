import { asRead, type Change } from '../../functions/copy-segment/change.ts';
import { isId } from '../../functions/copy-segment/ids.ts';
import type { WriteOutcome } from '../../functions/copy-segment/stores.ts';
import { HOUR, MINUTE } from '../support/builders.ts';
import {
  changes,
  forgets,
  ignores,
  jobsAre,
  keeps,
  type Mutant,
  omits,
  sends,
  sets,
  takes,
  tasksAre,
} from './plant.ts';

const done: WriteOutcome = { kind: 'done' };

/**
 * Bugs that somebody might write tomorrow, each a small decorator of the stores of a pass.
 *
 * Not here, since nothing can tell them from the original: a settlement that does not ask for Failed (it is final), a
 * drop that does not ask whether the segment is published (that changes its state, which it asks for), a read of a task
 * or a segment that is stale (every change is conditional on what was read).
 */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  // Messages and their marks.
  'a message that was not sent is taken for sent': sends(async (messages) =>
    messages.map(() => ({ kind: 'sent' })),
  ),
  'a message that was refused is taken for sent': sends(async (messages, { queue }) =>
    (await queue.send(messages)).map(() => ({ kind: 'sent' })),
  ),
  'a mark is written before its message is sent': sends(async (messages, { write, queue }) => {
    await write(
      messages.map(
        ({ key: { jobId, taskId }, body }): Change => ({
          table: 'tasks',
          key: { jobId, taskId },
          if: asRead({ taskVersion: BigInt(body.taskVersion) }, 'taskVersion'),
          set: { enqueueCount: body.attempt, enqueuedAt: body.enqueuedAt },
          remove: [],
        }),
      ),
    );
    return queue.send(messages);
  }),
  'a mark is not written': omits('enqueued'),
  'a mark that failed is taken for written': takes('enqueued', 'failed', done),
  'a mark forgets the marker': forgets('enqueued', 'dueAt'),
  'a mark removes the marker': changes('enqueued', ({ set }) => ({
    set: { ...set, dueAt: undefined },
    remove: ['dueAt'],
  })),
  'a mark forgets the count': forgets('enqueued', 'enqueueCount'),
  'a mark forgets the shard': forgets('enqueued', 'dueShard'),
  'a mark does not ask for the version': ignores('enqueued', 'taskVersion', 'state'),
  'a mark does not ask for the lease': ignores('enqueued', 'leaseExpiresAt'),
  'the backoff is always a minute': sets('enqueued', ({ enqueuedAt }) => ({
    dueAt: Number(enqueuedAt) + MINUTE,
  })),
  'the backoff does not double': sets('enqueued', ({ enqueuedAt }) => ({
    dueAt: Number(enqueuedAt) + 15 * MINUTE,
  })),
  'the backoff has no end': sets('enqueued', ({ enqueuedAt, enqueueCount }) => ({
    dueAt: Number(enqueuedAt) + 15 * MINUTE * 2 ** (Number(enqueueCount) - 1),
  })),
  'the marker is in seconds': sets('enqueued', ({ dueAt }) => ({ dueAt: Math.floor(Number(dueAt) / 1_000) })),
  'the marker is in a shard that nobody asks': sets('enqueued', () => ({ dueShard: 99 })),

  // Leases.
  'a release forgets the version': forgets('released', 'taskVersion'),
  'a release forgets the lost lease': forgets('released', 'lostLeases'),
  'a release forgets to count messages afresh': forgets('released', 'enqueueCount'),
  'a release forgets the marker': forgets('released', 'dueAt'),
  'a release leaves the lease': keeps('released', 'leaseExpiresAt'),
  'a release leaves the worker': keeps('released', 'nodeId'),
  'a release does not ask for the lease': ignores('released', 'leaseExpiresAt'),
  'a release asks for nothing': ignores('released'),
  'a release is not written': omits('released'),
  'lost leases are not read': tasksAre((task) => ({ ...task, lostLeases: 0 })),
  'a failure for lost leases forgets the marker': forgets('failed', 'dueAt'),
  'a failure for lost leases forgets the lost lease': forgets('failed', 'lostLeases'),
  'a failure for lost leases leaves the lease': keeps('failed', 'leaseExpiresAt'),
  'a failure for lost leases does not ask for the lease': ignores('failed', 'leaseExpiresAt'),
  'a failure for lost leases is not written': omits('failed'),
  'a lease is taken to have run out early': tasksAre((task) =>
    'leaseExpiresAt' in task && task.leaseExpiresAt !== undefined
      ? { ...task, leaseExpiresAt: task.leaseExpiresAt - 10 * MINUTE }
      : task,
  ),

  // Rest and patience.
  'what rests stays due': omits('taskRested'),
  'what is postponed is taken out': changes('taskPostponed', () => ({ set: {}, remove: ['dueAt'] })),
  'what is postponed stays due': omits('taskPostponed'),
  'what is postponed is hidden for a day': sets('taskPostponed', ({ dueAt }) => ({
    dueAt: Number(dueAt) + 24 * HOUR,
  })),
  'what is dropped in vain stays due': omits('taskInVain'),
  'what is dropped in vain is taken out': changes('taskInVain', () => ({ set: {}, remove: ['dueAt'] })),
  'a running job that nobody checks stays due': omits('jobPostponed'),
  'a running job that nobody checks is taken out': changes('jobPostponed', () => ({
    set: {},
    remove: ['dueAt'],
  })),
  'a running job is taken for over': jobsAre((job) =>
    job.state === 'Pending' ? { ...job, state: 'Completed' } : job,
  ),
  'a job that is over is taken for running': jobsAre((job) =>
    job.state === 'Completed' || job.state === 'Failed' ? { ...job, state: 'Executing' } : job,
  ),
  'a job is read stale': (stores, stale) => ({ ...stores, jobs: { ...stores.jobs, read: stale.jobs.read } }),

  // Drops.
  'a drop leaves isImporting': forgets('dropped', 'isImporting'),
  'a drop forgets its time': forgets('dropped', 'droppedAt'),
  'a drop forgets its reason': forgets('dropped', 'dropReason'),
  'a drop does not ask for the state': ignores('dropped', 'state'),
  'a drop does not ask for the owner': ignores('dropped', 'jobId'),
  'a drop is not written': omits('dropped'),
  'a drop that failed is taken for done': takes('dropped', 'failed', done),
  'a drop that lost a race is taken for done': takes('dropped', 'conditionFailed', done),
  'the owner of a segment is not looked at': (stores) => ({
    ...stores,
    segments: {
      async read(segmentIds) {
        const { found, unread } = await stores.segments.read(segmentIds);
        return { found: new Map([...found].map(([id, { jobId: _, ...item }]) => [id, item])), unread };
      },
    },
    write: (all) => ignores('dropped', 'jobId')(stores, stores).write(all),
  }),
  'publication is not looked at': (stores) => ({
    ...stores,
    segments: {
      async read(segmentIds) {
        const { found, unread } = await stores.segments.read(segmentIds);
        return { found: new Map([...found].map(([id, { publishedAt: _, ...item }]) => [id, item])), unread };
      },
    },
    write: (all) => ignores('dropped', 'publishedAt')(stores, stores).write(all),
  }),
  'a segment that could not be read is taken for missing': (stores) => ({
    ...stores,
    segments: { read: async (ids) => ({ ...(await stores.segments.read(ids)), unread: [] }) },
  }),
  'a task that cannot be read in full is taken for one that can': tasksAre(
    ({ unreadableTargets: _, ...task }) => task,
  ),
  'the last target of a task is overlooked': tasksAre((task) => ({
    ...task,
    targetSegmentIds: task.targetSegmentIds.slice(0, 1),
  })),
  'the compact mappings are not read': tasksAre((task) =>
    task.raw.mappings === undefined ? task : { ...task, targetSegmentIds: [] },
  ),
  'completed siblings of a failure are spared': tasksAre((task) =>
    task.state === 'Completed' ? undefined : task,
  ),
  'a Completed job is taken for a Failed one': jobsAre((job) =>
    job.state === 'Completed' ? { ...job, state: 'Failed' } : job,
  ),

  // The guard against a mass drop.
  'maxDrops is ignored': { misread: ({ maxDrops: _, ...request }) => request },
  'a drop that was made does not count': takes('dropped', 'done', { kind: 'conditionFailed' }),
  'a task whose drops are withheld is settled': changes('taskWithheld', ({ set: { dueAt } }) => ({
    set: { segmentsDroppedAt: dueAt },
    remove: ['dueAt'],
  })),
  'a task whose drops are withheld is taken out': changes('taskWithheld', () => ({
    set: {},
    remove: ['dueAt'],
  })),
  'a task whose drops are withheld stays due': omits('taskWithheld'),
  'a task whose drops are withheld is hidden for a day': sets('taskWithheld', ({ dueAt }) => ({
    dueAt: Number(dueAt) + 24 * HOUR,
  })),
  'a job whose drops are withheld is settled': changes('jobWithheld', ({ set: { dueAt } }) => ({
    set: { segmentsDroppedAt: dueAt },
    remove: ['dueAt'],
  })),
  'a job whose drops are withheld is taken out': changes('jobWithheld', () => ({
    set: {},
    remove: ['dueAt'],
  })),
  'a job whose drops are withheld stays due': omits('jobWithheld'),
  'a job whose drops are withheld takes its last task for done': sets(
    'jobWithheld',
    ({ droppedThroughTaskId }) => ({
      droppedThroughTaskId: isId(droppedThroughTaskId) ? droppedThroughTaskId + 10n : 10n,
    }),
  ),

  // Settlements.
  'a task is not settled': omits('taskSettled'),
  'a task is settled with its marker': keeps('taskSettled', 'dueAt'),
  'a task is settled without its time': forgets('taskSettled', 'segmentsDroppedAt'),
  'a task is settled twice': ignores('taskSettled', 'segmentsDroppedAt'),
  'a job is not settled': omits('jobSettled'),
  'a job is settled with its marker': keeps('jobSettled', 'dueAt'),
  'a job is settled with its place': keeps('jobSettled', 'droppedThroughTaskId'),
  'a job is settled without its time': forgets('jobSettled', 'segmentsDroppedAt'),
  'a job is settled twice': ignores('jobSettled', 'segmentsDroppedAt'),
  'the place of a job is a task too far': sets('placeSaved', ({ droppedThroughTaskId }) => ({
    droppedThroughTaskId: isId(droppedThroughTaskId) ? droppedThroughTaskId + 10n : droppedThroughTaskId,
  })),
  'a job takes what it could not read for done': changes('jobInVain', ({ set }) => ({
    set: {
      dueAt: set.dueAt,
      dropAttempts: set.dropAttempts,
      droppedThroughTaskId: set.droppedPastTaskId ?? set.droppedThroughTaskId,
    },
    remove: ['droppedPastTaskId', 'undroppedTaskIds'],
  })),
  'a job that is dropped in vain stays due': forgets('jobInVain', 'dueAt'),
  'a job is read as of a while ago when it is dropped': (stores, stale) => ({
    ...stores,
    tasks: { ...stores.tasks, ofJob: stale.tasks.ofJob },
  }),
  'a late task of a settled job is overlooked': tasksAre((task) =>
    Number(task.taskId) % 10 === 0 ? task : undefined,
  ),
};
