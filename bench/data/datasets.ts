import type { Row } from '../../engines/load.ts';
import { jobRow, NOW, segmentRow, type TaskShape, taskRow } from './rows.ts';

const HOUR = 3_600_000;

/** What the tables hold before a contender starts. */
export type Dataset = () => Iterable<Row>;

/** Milvus' list of ten mappings. */
const TEN_LISTED: TaskShape = { mappings: 10, form: 'list' };
/** Few bytes: in the naive port's favour, which reads them all. */
const ONE: TaskShape = { mappings: 1, form: 'list' };

const JOBS = 100;

interface TaskAt {
  readonly job: number;
  readonly index: number;
}

function* spread(tasks: number, jobs: number): Generator<TaskAt> {
  const perJob = Math.ceil(tasks / jobs);
  for (let index = 0; index < tasks; index++) yield { job: Math.floor(index / perJob), index };
}

/** Finished restores, kept for their history: nothing is due. */
export const finished = (tasks: number, tasksPerJob: number): Dataset =>
  function* () {
    const jobs = Math.ceil(tasks / tasksPerJob);
    for (let job = 0; job < jobs; job++) yield jobRow(job, { state: 'Completed', completedAt: NOW });
    for (const { job, index } of spread(tasks, jobs))
      yield taskRow(job, index, ONE, {
        state: 'Completed',
        taskVersion: 1,
        enqueueCount: 1,
        completedAt: NOW,
      });
  };

/** Tasks that are in the queue, and that no worker has taken yet. */
export const waiting = (tasks: number): Dataset =>
  function* () {
    for (let job = 0; job < JOBS; job++) yield jobRow(job, { state: 'Executing' });
    for (const { job, index } of spread(tasks, JOBS))
      yield taskRow(job, index, TEN_LISTED, {
        state: 'Pending',
        enqueueCount: 1,
        enqueuedAt: NOW,
        dueAt: NOW + HOUR,
      });
  };

/** Ten Pending tasks for each Failed one; `state` is that of the Failed tasks' targets. */
export const busy = (pending: number, state?: 'Dropped'): Dataset =>
  function* () {
    for (let job = 0; job < JOBS; job++) yield jobRow(job, { state: 'Executing' });
    for (const { job, index } of spread((pending * 11) / 10, JOBS)) {
      const isFailed = index % 11 === 10;
      yield taskRow(job, index, TEN_LISTED, {
        state: isFailed ? 'Failed' : 'Pending',
        ...(isFailed && { reason: 'the source is gone' }),
        dueAt: NOW - HOUR,
      });
      if (isFailed) for (let n = 0; n < 10; n++) yield segmentRow(index * 10 + n, job, state);
    }
  };

/** Pending tasks of one job, all of them due. */
export const pending = (tasks: number, shape: TaskShape, jobs = 1): Dataset =>
  function* () {
    for (let job = 0; job < jobs; job++) yield jobRow(job, { state: 'Executing' });
    for (const { job, index } of spread(tasks, jobs))
      yield taskRow(job, index, shape, { state: 'Pending', dueAt: NOW - HOUR });
  };

export const manyDue = (tasks: number): Dataset => pending(tasks, ONE, JOBS);

/** One job whose tasks are all Completed, in the compact form that a submit writes. */
const oneJob = (
  targets: number,
  attributes: Readonly<Record<string, unknown>>,
  targetsPerTask: number,
): Dataset =>
  function* () {
    const tasks = Math.ceil(targets / targetsPerTask);
    yield jobRow(0, { ...attributes, dueAt: NOW - HOUR, totalTasks: tasks, totalSegments: targets });
    for (let index = 0; index < tasks; index++) {
      const mappings = Math.min(targetsPerTask, targets - index * targetsPerTask);
      const shape: TaskShape = { mappings, form: 'compact' };
      const first = index * targetsPerTask;
      yield taskRow(0, index, shape, { state: 'Completed', taskVersion: 1, completedAt: NOW }, first);
      for (let n = 0; n < mappings; n++) yield segmentRow(first + n, 0);
    }
  };

/** A restore that failed after all of its tasks were copied. */
export const catastrophe = (targets: number): Dataset =>
  oneJob(targets, { state: 'Failed', reason: 'timeout', completedAt: NOW - HOUR }, 100);

/** A restore whose last task was copied just now. */
export const copied = (targets: number): Dataset => oneJob(targets, { state: 'Executing' }, 98);

export const empty: Dataset = () => [];
