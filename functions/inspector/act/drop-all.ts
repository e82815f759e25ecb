import { applied } from '../../copy-segment/change.ts';
import { describeError } from '../../copy-segment/describe-error.ts';
import { isInIndex, isTooFarAhead } from '../../copy-segment/due-index.ts';
import type { RawId } from '../../copy-segment/ids.ts';
import type { Job } from '../../copy-segment/job.ts';
import {
  jobDroppedInVain,
  jobPostponed,
  jobSettled,
  placeOf,
  placeSaved,
} from '../../copy-segment/job-changes.ts';
import type { Task, TaskSighting } from '../../copy-segment/task.ts';
import { readAhead } from '../../streams/read-ahead.ts';
import { slices } from '../../streams/slices.ts';
import { TASKS_PER_CHUNK } from '../pass.ts';
import { keyOfTask } from '../report/pass-report.ts';
import { type ChunkEnd, createDropProgress } from './drop-progress.ts';
import { dropTargets } from './drop-targets.ts';
import type { JobPass } from './lane.ts';
import { writeJob } from './write-job.ts';

/**
 * Drops every target of every task of a Failed job, then settles the job. A restore is all or nothing (review of
 * milvus-io/milvus#51641).
 *
 * A job of a million targets takes longer than one pass has. Its place is saved with every chunk, on the condition that
 * it is where this pass left it: the next pass resumes there, and of passes that overlap one works on the job.
 *
 * @returns false if the time ran short
 */
export async function dropAll(pass: JobPass, judged: Job): Promise<boolean> {
  let job = judged;
  const progress = createDropProgress(judged);
  let saved = progress.place();

  if (pass.request.mode === 'recover' && isTooFarAhead(job, undefined, pass.now())) {
    const change = jobPostponed(job, pass.now(), pass.shards);
    if ((await writeJob(pass, job, change, 'mended')) === 'done') job = applied(job, change);
  }
  /** @returns false if the job is another pass's by now */
  const savePlace = async (): Promise<boolean> => {
    const place = progress.place();
    if (place.through === saved.through && place.past === saved.past) return true;
    const change = placeSaved(job, place);
    const end = await writeJob(pass, job, change);
    if (end === 'done') job = applied(job, change);
    if (end === 'failed') pass.tally.jobs.unsettled++;
    saved = place;
    return end !== 'conditionFailed';
  };

  if (pass.time.isOver()) return false;
  for await (const page of readAhead(tasksLeft(pass, judged))) {
    if (page === 'unread') {
      progress.fail();
      break;
    }
    pass.tally.read.tasks += page.length;
    for (const chunk of slices(page, TASKS_PER_CHUNK)) {
      if (!(await savePlace())) return true;
      if (pass.time.isOver()) return false;
      progress.note(chunk, await dropChunk(pass, job, chunk));
    }
  }
  // What was cut off in the last chunk is counted as left, but is not known to be.
  if (pass.time.signal.aborted) return false;

  const { hasFailed, unreadable } = progress;
  if (hasFailed() || unreadable.size > 0) pass.tally.jobs.unsettled++;
  if (hasFailed()) {
    await savePlace();
    // The next pass tries again: if a pass can find it.
    if (!isInIndex(job, pass.shards))
      await writeJob(pass, job, jobPostponed(job, pass.now(), pass.shards), 'mended');
    return true;
  }
  if (unreadable.size > 0) {
    await writeJob(pass, job, jobDroppedInVain(job, progress.place(), pass.now(), pass.shards), 'postponed');
    return true;
  }
  const end = await writeJob(pass, job, jobSettled(job, pass.now()), 'settled');
  if (isInIndex(job, pass.shards)) return true;
  if (end === 'done') pass.tally.jobs.mended++;
  else await writeJob(pass, job, jobPostponed(job, pass.now(), pass.shards), 'mended');
  return true;
}

/**
 * The tasks whose targets may be left: those that could not be read, then those after the place. Ends with `unread`
 * where a partition cannot be read now: it stops this job only.
 */
async function* tasksLeft(
  { tasks, tally, time }: Pick<JobPass, 'tasks' | 'tally' | 'time'>,
  job: Job,
): AsyncGenerator<readonly TaskSighting<Task>[] | 'unread'> {
  const { jobId } = job;
  const { through, past, unreadable } = placeOf(job);
  try {
    if (unreadable.length > 0) {
      const { found, unread } = await tasks.read(unreadable.map((taskId) => ({ jobId, taskId })));
      const [first] = unread;
      // What did not answer would pass for settled.
      if (first) throw new Error(`${unread.length} of them: ${first.reason}`);
      yield found;
    }
    yield* tasks.ofJob(jobId, past ?? through);
  } catch (error) {
    if (time.signal.aborted) return;
    tally.jobs.failed++;
    const reason = `its tasks could not be read: ${describeError(error)}`;
    tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason });
    yield 'unread';
  }
}

async function dropChunk(
  pass: Pick<JobPass, 'write' | 'segments' | 'tally' | 'now'>,
  { reason }: Job,
  chunk: readonly TaskSighting<Task>[],
): Promise<ChunkEnd> {
  const readable = chunk.flatMap(({ reading }) => (reading.ok ? [reading.value] : []));
  // A settled task has no target left: each drop happens once.
  const unsettled = readable.filter((task) => task.segmentsDroppedAt === undefined);
  const left = await dropTargets(
    pass,
    unsettled.map((task) => ({ task, cause: 'job', reason: task.state === 'Failed' ? task.reason : reason })),
  );
  // The targets of a task that cannot be read are unknown, so it cannot be said to have none.
  const unreadable: RawId[] = [...left.unreadable].map(({ taskId }) => taskId);
  for (const { key, reading } of chunk) {
    if (reading.ok) continue;
    pass.tally.problem({ key: keyOfTask(key), kind: 'malformed', reason: reading.reason });
    unreadable.push(key.taskId);
  }
  return { failed: left.failed.size, unreadable };
}
