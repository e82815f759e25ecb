import { compareIds, type RawId } from '../copy-segment/ids.ts';
import { isJob, type JobLookup } from '../copy-segment/job.ts';
import { compareTaskKeys, type RawTaskKey, type Task, type TaskSighting } from '../copy-segment/task.ts';
import { slices } from '../streams/slices.ts';
import { carryOut } from './act/carry-out.ts';
import { judgeJobs } from './act/judge-jobs.ts';
import { judgeTasks } from './judge.ts';
import { type Pass, type Stopped, TASKS_PER_CHUNK } from './pass.ts';
import { keyOfTask } from './report/pass-report.ts';

/** Where a stream says that something became due. */
export interface DueItems {
  readonly tasks: readonly RawTaskKey[];
  readonly jobs: readonly RawId[];
}

/**
 * Does at once what became due, instead of at the next scheduled pass. A record says where to look, and the tables, read
 * strongly consistent, what is there: a record that comes twice, late, or after its item was removed does no harm.
 *
 * Only what can be acted on is judged. What an inspection would report, a task without a job above all, may be what
 * its writer has not finished writing: that is left to the schedule.
 */
export async function react(pass: Pass): Promise<Stopped> {
  const { tasks, jobs } = pass.request.due ?? { tasks: [], jobs: [] };
  const { lookUpJobs } = pass;
  for (const chunk of slices(inOrder(tasks), TASKS_PER_CHUNK)) {
    if (pass.time.isOver()) return {};
    const { found, unread } = await pass.tasks.read(chunk);
    pass.tally.read.tasks += found.length;
    for (const { key, reason } of unread) {
      pass.tally.tasks.failed++;
      pass.tally.problem({
        key: keyOfTask(key),
        kind: 'failed',
        reason: `the task could not be read: ${reason}`,
      });
    }
    const due = found.filter(({ reading }) => reading.ok && isDue(pass, reading.value));
    const known = await lookUpJobs(due.map(({ key }) => key.jobId));
    await carryOut(pass, judgeTasks(pass, due.filter(hasJobIn(known)), known));
  }
  for (const chunk of slices([...new Set(jobs)].sort(compareIds), TASKS_PER_CHUNK)) {
    if (pass.time.isOver()) return {};
    const known = await lookUpJobs(chunk);
    const due = [...known].filter(([, job]) => !isJob(job) || isDue(pass, job));
    if ((await judgeJobs(pass, new Map(due))).length > 0 || pass.time.wasCutOff()) return {};
  }
  return undefined;
}

/** Ascending, each once. */
const inOrder = (keys: readonly RawTaskKey[]): RawTaskKey[] =>
  keys
    .toSorted(compareTaskKeys)
    .filter(
      (key, index, sorted) => index === 0 || compareTaskKeys(key, sorted[index - 1] as RawTaskKey) !== 0,
    );

/**
 * How far the clock of a writer may be ahead of this one, in milliseconds: its item would seem not to be due yet, and no
 * other record comes. The shortest time that anything waits is the 15 seconds before a retry.
 */
const CLOCK_SKEW_MS = 5_000;

/** What waits for its backoff, or its lease, is not. An item of a writer that sets no marker is. */
const isDue = ({ now }: Pick<Pass, 'now'>, { dueAt }: { readonly dueAt?: number | undefined }): boolean =>
  dueAt === undefined || dueAt <= now() + CLOCK_SKEW_MS;

/** A job that did not answer stays, for the verdict to say so. */
const hasJobIn =
  (jobs: ReadonlyMap<RawId, JobLookup>) =>
  ({ key }: TaskSighting<Task>): boolean => {
    const job = jobs.get(key.jobId) ?? 'missing';
    return job !== 'missing' && (isJob(job) || 'unread' in job);
  };
