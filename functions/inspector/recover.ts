import { pMapIterable } from 'p-map';
import { describeError } from '../copy-segment/describe-error.ts';
import { isId, type RawId } from '../copy-segment/ids.ts';
import { TemporaryError } from '../copy-segment/stores.ts';
import type { IndexedTask, Task, TaskSighting } from '../copy-segment/task.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { carryOut } from './act/carry-out.ts';
import { judgeJobs } from './act/judge-jobs.ts';
import type { Unended } from './act/lane.ts';
import { mendFarMarkers, mendLostMarkers } from './act/mend-markers.ts';
import { type JobToRecover, jobsToRecover } from './jobs-to-recover.ts';
import { type Judged, judgeTasks } from './judge.ts';
import { type Pass, type Stopped, TASKS_PER_CHUNK } from './pass.ts';
import { fromOf, type ResumePoint } from './resume-point.ts';

/**
 * Walks the tables instead of the index: every job in ascending id, every task of it, due or not. Re-enqueues
 * what is in progress, as Milvus reloads it after a restart, and mends markers as it goes.
 * Source: milvus-io/milvus internal/datacoord/copy_segment_inspector.go, `reloadFromMeta`.
 */
export async function recover(pass: Pass): Promise<Stopped> {
  const { lookUpJobs } = pass;
  let reached: ResumePoint = resumePointOf(pass);
  /** The first step in which something failed: a recovery that resumes there leaves nothing out. */
  let undone: Stopped;
  let failures = pass.tally.failures();
  try {
    for await (const step of readAhead(stepsOf(pass))) {
      reached = step.resume;
      // What failed is in the report; going back to it would make no step, however often it is repeated.
      if (pass.time.isOver()) return reached;
      const jobs = await lookUpJobs(step.tasks.map(({ key }) => key.jobId));
      await carryOutAndMend(pass, judgeTasks(pass, step.tasks, jobs));
      const unfinished = await judgeJobs(pass, await lookUpJobs(step.endedJobs));

      // What was cut off, here or among the tasks before, is not done.
      if (unfinished.length > 0 || pass.time.wasCutOff()) return reached;
      // What is read ahead may have failed before its step, never after it.
      if (pass.tally.failures() > failures) undone ??= reached;
      failures = pass.tally.failures();
    }
  } catch (error) {
    // A request that outlasted the pass, or a scan that stays throttled; what was under way is done again.
    if (!pass.time.wasCutOff()) {
      if (!(error instanceof TemporaryError)) throw error;
      pass.tally.problem({ key: { part: 'scan' }, kind: 'failed', reason: error.message });
    }
    return reached;
  }
  return undone;
}

async function carryOutAndMend(pass: Pass, judged: readonly Judged[]): Promise<void> {
  const ready = await mendFarMarkers(pass, judged);
  const unfinished = new Map<IndexedTask, Unended>();
  await carryOut(pass, ready, (tasks) => {
    for (const [task, end] of tasks) unfinished.set(task, end);
  });
  await mendLostMarkers(pass, ready, unfinished);
}

const resumePointOf = ({ request }: Pick<Pass, 'request'>): ResumePoint => ({
  fromJobId: 1n,
  ...fromOf(request),
  ...(request.scannedThrough !== undefined && { scannedThrough: request.scannedThrough }),
});

/** Jobs whose tasks are read at once: one page each, a megabyte at most. */
const JOBS_READ_AHEAD = 8;

/** A chunk of tasks, the jobs that end with it, and where to resume if it is not finished. */
interface Step {
  readonly tasks: readonly TaskSighting<Task>[];
  readonly endedJobs: readonly RawId[];
  readonly resume: ResumePoint;
}

/**
 * The tasks of all jobs in chunks that reach across jobs: many small jobs fill a batch as well as a large one. The
 * verdict on a job follows those on its tasks.
 */
async function* stepsOf(
  pass: Pick<Pass, 'jobs' | 'tasks' | 'request' | 'time' | 'tally'>,
): AsyncGenerator<Step> {
  let tasks: TaskSighting<Task>[] = [];
  let endedJobs: RawId[] = [];
  let resume: ResumePoint | undefined;
  const take = (count: number): Step => {
    const step = { tasks: tasks.slice(0, count), endedJobs, resume: resume ?? resumePointOf(pass) };
    tasks = tasks.slice(count);
    endedJobs = [];
    return step;
  };

  for await (const { pages, ...job } of openedAhead(pass)) {
    if (tasks.length + endedJobs.length === 0) resume = job.resume;
    if (job.jobId === undefined) {
      // The place that a scan has reached is worth a step, or a scan that finds nothing would get nowhere.
      yield take(tasks.length);
      continue;
    }
    for await (const page of pages) {
      tasks.push(...page);
      while (tasks.length >= TASKS_PER_CHUNK) {
        // The page has filled it: the last task is this job's.
        const last = tasks[TASKS_PER_CHUNK - 1]?.key.taskId;
        yield take(TASKS_PER_CHUNK);
        resume = afterTask(job, last);
      }
    }
    endedJobs.push(job.jobId);
    if (endedJobs.length >= TASKS_PER_CHUNK) yield take(tasks.length);
  }
  if (tasks.length + endedJobs.length > 0) yield take(tasks.length);
}

/** Where a recovery resumes in the midst of a job. An invalid id is no place. */
const afterTask = ({ resume, resumeAfter }: JobToRecover, taskId: RawId | undefined): ResumePoint =>
  (isId(taskId) && resumeAfter?.(taskId)) || resume;

type OpenedJob = JobToRecover & { readonly pages: AsyncIterable<readonly TaskSighting<Task>[]> };

/** The jobs in their order, the first page of each read while those before are being worked on. */
const openedAhead = (pass: Pick<Pass, 'jobs' | 'tasks' | 'request' | 'time' | 'tally'>) =>
  pMapIterable(
    jobsToRecover(pass),
    async (job: JobToRecover): Promise<OpenedJob> => ({
      ...job,
      pages: job.jobId === undefined ? noPages() : await opened(tasksOf(pass, job.jobId, job.afterTaskId)),
    }),
    { concurrency: JOBS_READ_AHEAD, backpressure: JOBS_READ_AHEAD },
  );

async function* noPages(): AsyncGenerator<never> {}

/** Waits for the first page of a source, so that whoever walks it need not. Its failure is left to them. */
async function opened<T>(source: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = source.next();
  await first.catch(() => {});
  return (async function* () {
    const { done, value } = await first;
    if (done) return;
    yield value;
    yield* source;
  })();
}

/** The tasks of a job, but for those that are done. A partition that cannot be read ends this job only. */
async function* tasksOf(
  pass: Pick<Pass, 'tasks' | 'time' | 'tally'>,
  jobId: RawId,
  afterTaskId: RawId | undefined,
): AsyncGenerator<readonly TaskSighting<Task>[]> {
  try {
    for await (const page of pass.tasks.ofJob(jobId, afterTaskId)) {
      pass.tally.read.tasks += page.length;
      yield page;
    }
  } catch (error) {
    if (pass.time.wasCutOff()) throw error;
    const reason = `its tasks could not be read: ${describeError(error)}`;
    pass.tally.jobs.failed++;
    pass.tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason });
  }
}
