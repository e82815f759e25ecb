import { expired, HOUR, job, leased, MINUTE, NOW, type Row, segment, task } from '../support/builders.ts';
import { submitted } from '../support/checker-world.ts';

export const failedJob = job({ state: 'Failed' });
export const settledJob = job({ state: 'Failed', segmentsDroppedAt: NOW });
const FAR = BigInt(NOW) * 1_000_000n;

/** A world that breaks one invariant, and how a violation of it reads. */
export const BROKEN: readonly [string, readonly Row[]][] = [
  [
    'a job can be read (jobId 1): state: must be one of Pending, Executing, Publishing, Completed, Failed, is "Paused"',
    [job({ state: 'Paused' as 'Pending' })],
  ],
  ['a job that is settled is Failed (jobId 1): it is Executing', [job({ segmentsDroppedAt: NOW })]],
  [
    `a job that is Completed or settled is out of the index (jobId 1): it is Completed, with dueAt ${NOW}`,
    [job({ state: 'Completed', dueAt: NOW })],
  ],
  [
    'a Failed job that is not settled has a marker (jobId 1): no pass will drop its targets',
    [job({ state: 'Failed', dueAt: null })],
  ],
  [
    'only a Failed job that is not settled has a place (jobId 1): it has droppedThroughTaskId',
    [job({ state: 'Failed', segmentsDroppedAt: NOW, droppedThroughTaskId: 7n })],
  ],
  [
    'a marker of a job is in a shard that passes ask (jobId 1): its dueShard is 4 of 4',
    [job({ dueAt: NOW, dueShard: 4 })],
  ],
  [
    `a marker of a job is no further ahead than the longest backoff (jobId 1): its dueAt is ${NOW + 7 * HOUR}`,
    [job({ dueAt: NOW + 7 * HOUR })],
  ],
  [
    'the times of a job are epoch milliseconds (jobId 1): timeoutAt is 1795349750: seconds, where epoch milliseconds are meant?',
    [job({ timeoutAt: Math.floor(NOW / 1_000) })],
  ],
  ['a task can be read (jobId 1, taskId 1): collectionId: is missing', [job(), task({ collectionId: null })]],
  ['a task can be read (jobId 1, taskId 1): idMappings: is missing', [job(), task({ idMappings: null })]],
  [
    'a task that is settled is Failed (jobId 1, taskId 1): it is Completed',
    [job(), task({ state: 'Completed', segmentsDroppedAt: NOW })],
  ],
  [
    `a task that is settled is out of the index (jobId 1, taskId 1): its dueAt is ${NOW}`,
    [job(), task({ state: 'Failed', segmentsDroppedAt: NOW, dueAt: NOW })],
  ],
  [
    `a task that is Completed is out of the index, unless its job failed (jobId 1, taskId 1): its dueAt is ${NOW}`,
    [job(), task({ state: 'Completed', dueAt: NOW })],
  ],
  [
    'a Failed task that is not settled has a marker, or its job failed (jobId 1, taskId 1): no pass will drop its targets',
    [job(), task({ state: 'Failed', dueAt: null })],
  ],
  [
    'an unfinished task has a marker, unless its job is over or it has no lease (jobId 1, taskId 1): it is InProgress, and no pass will look at it',
    [job(), task({ ...expired, dueAt: null })],
  ],
  [
    'an unfinished task has a marker, unless its job is over or it has no lease (jobId 1, taskId 1): it is Pending, and no pass will look at it',
    [task({ dueAt: null })],
  ],
  [
    'a marker of a task is in a shard that passes ask (jobId 1, taskId 1): its dueShard is missing of 4',
    [job(), task({ dueShard: null })],
  ],
  [
    `a marker of a task is no further ahead than its lease or the longest backoff (jobId 1, taskId 1): its dueAt is ${NOW + HOUR}`,
    [job(), task({ ...leased, dueAt: NOW + HOUR })],
  ],
  [
    'only a task that is InProgress has a lease (jobId 1, taskId 1): it is Completed',
    [job(), task({ state: 'Completed', leaseExpiresAt: NOW })],
  ],
  [
    'a task that is Pending has no worker (jobId 1, taskId 1): its nodeId is datanode-1',
    [job(), task({ nodeId: 'datanode-1' })],
  ],
  [
    'a task that lost 10 leases is Failed (jobId 1, taskId 1): it is Pending with 10 lost leases',
    [job(), task({ lostLeases: 10 })],
  ],
  [
    `the times of a task are epoch milliseconds (jobId 1, taskId 1): completedAt is ${FAR}: micro- or nanoseconds, where epoch milliseconds are meant?`,
    [job(), task({ state: 'Completed', completedAt: FAR })],
  ],
  [
    'a segment that is Dropped is not importing (jobId 1, segmentId 11): isImporting is true',
    [failedJob, task({ targets: [11n] }), segment(11n, 'Dropped')],
  ],
  [
    'a segment is the target of one task (jobId 1, taskId 2, segmentId 11): it is a target of task 1 as well',
    [job(), task({ targets: [11n] }), task({ taskId: 2n, targets: [11n] })],
  ],
  [
    'what is settled has no target left (jobId 1, taskId 1, segmentId 11): it is Importing, though its task is settled',
    [job(), task({ state: 'Failed', segmentsDroppedAt: NOW, targets: [11n] }), segment(11n)],
  ],
  [
    'what is settled has no target left (jobId 1, taskId 1, segmentId 11): it is Flushed, though its job is settled',
    [settledJob, task({ state: 'Completed', targets: [11n] }), segment(11n, 'Flushed')],
  ],
  [
    'what is settled has no target left (jobId 1, taskId 1, segmentId 11): it is Importing, though the drops of its job are past task 5',
    [
      job({ state: 'Failed', droppedThroughTaskId: 5n }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n),
    ],
  ],
  [
    'the times of a segment are epoch milliseconds (jobId 1, segmentId 11): droppedAt is 5: seconds, where epoch milliseconds are meant?',
    [failedJob, task({ targets: [11n] }), segment(11n, 'Dropped', { isImporting: false, droppedAt: 5 })],
  ],
  [
    'a target is published only while its job is Publishing (jobId 1, segmentId 11): it is Flushed, and its job is Executing',
    [
      job(),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed', { isImporting: false, publishedAt: NOW }),
    ],
  ],
  [
    `a target is published only while its job is Publishing (jobId 1, segmentId 11): it was published at ${NOW}, and its job failed at ${NOW - 16 * MINUTE}`,
    [
      job({ state: 'Failed', completedAt: NOW - 16 * MINUTE }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Flushed', { isImporting: false, publishedAt: NOW }),
    ],
  ],
  [
    'a Completed job has no task that is not Completed (jobId 1, taskId 1): it is InProgress',
    [job({ state: 'Completed' }), task(leased)],
  ],
  [
    'a Completed job has no target that is not Flushed (jobId 1, segmentId 11): it is Dropped',
    [
      job({ state: 'Completed' }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Dropped', { isImporting: false }),
    ],
  ],
  [
    'a running job that was submitted has a marker (jobId 1): it is Pending, and no check will look at it',
    [submitted(1, 1, { state: 'Pending', dueAt: null })],
  ],
  [
    'a job that was filled has all of its tasks (jobId 1): it is Executing with 1 of 2 tasks',
    [submitted(2, 2), task({ targets: [11n] }), segment(11n)],
  ],
  [
    'a job that was filled has all of its tasks (jobId 1): it is Pending with 2 of 1 tasks',
    [submitted(1, 1, { state: 'Pending' }), task(), task({ taskId: 2n })],
  ],
  [
    'a task has its targets, all of its own job (jobId 1, taskId 1, segmentId 11): it does not exist',
    [submitted(1, 1), task({ targets: [11n] })],
  ],
  [
    'a task has its targets, all of its own job (jobId 1, taskId 1, segmentId 11): it belongs to job 2',
    [submitted(1, 1), task({ targets: [11n] }), segment(11n, 'Importing', { jobId: 2n })],
  ],
  [
    'a task has its targets, all of its own job (jobId 1, taskId 1, segmentId 11): it says that it is of task 2',
    [submitted(1, 1), task({ targets: [11n] }), segment(11n, 'Importing', { taskId: 2n })],
  ],
  [
    'a segment of a job is the target of a task (jobId 1, segmentId 12): it is Importing, and no task copies it',
    [submitted(1, 1), task({ targets: [11n] }), segment(11n), segment(12n)],
  ],
  [
    'a segment of a job is the target of a task (jobId 1, segmentId 12): it is Importing, its job is missing, and no task copies it',
    [segment(12n)],
  ],
  [
    'a target of a running job is Dropped only if its task failed (jobId 1, taskId 1, segmentId 11): its task is Completed, its job Publishing, and it can never be published',
    [
      submitted(1, 1, { state: 'Publishing', dueAt: NOW }),
      task({ state: 'Completed', targets: [11n] }),
      segment(11n, 'Dropped', { isImporting: false }),
    ],
  ],
  [
    'a target of a running job is Dropped only if its task failed (jobId 1, taskId 1, segmentId 11): its task is Pending, its job Executing, and it can never be published',
    [job(), task({ targets: [11n] }), segment(11n, 'Dropped', { isImporting: false })],
  ],
];
