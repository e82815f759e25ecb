import { applied } from '../../copy-segment/change.ts';
import { describeError } from '../../copy-segment/describe-error.ts';
import { isInIndex, isTooFarAhead } from '../../copy-segment/due-index.ts';
import type { RawId } from '../../copy-segment/ids.ts';
import { isJob, isUnsettledFailure, type Job } from '../../copy-segment/job.ts';
import {
  jobDroppedInVain,
  jobDropsWithheld,
  jobPostponed,
  jobSettled,
  type Place,
  placeOf,
  placeSaved,
} from '../../copy-segment/job-changes.ts';
import type { Task, TaskSighting } from '../../copy-segment/task.ts';
import { readAhead } from '../../streams/read-ahead.ts';
import { slices } from '../../streams/slices.ts';
import { TASKS_PER_CHUNK } from '../pass.ts';
import { keyOfTask } from '../report/pass-report.ts';
import { type ChunkEnd, createDropProgress } from './drop-progress.ts';
import type { DropPass } from './drop-segments.ts';
import { dropTargets } from './drop-targets.ts';
import { createExpectation } from './expectation.ts';
import type { JobPass } from './lane.ts';
import { noteWithheld } from './note-withheld.ts';
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
  const expectation = createExpectation();
  /** What follows a saved place may be done. */
  let isRetry = judged.dropAttempts !== undefined || !isSame(placeOf(judged), NOWHERE);
  let saved = placeOf(judged);
  let isFinished = true;

  if (pass.request.mode === 'recover' && isTooFarAhead(job, undefined, pass.now())) {
    const change = jobPostponed(job, pass.now(), pass.shards);
    if ((await writeJob(pass, change, 'mended')) === 'done') job = applied(job, change);
  }
  /** @returns false if the job is another pass's by now */
  const savePlace = async (place: Place): Promise<boolean> => {
    if (isSame(place, saved)) return true;
    const change = placeSaved(job, place);
    const end = await writeJob(pass, change);
    if (end === 'done') job = applied(job, change);
    saved = place;
    return end !== 'conditionFailed';
  };

  const withhold = async (): Promise<boolean> => {
    pass.tally.oldestUnsettled.note(job.completedAt);
    noteWithheld(pass, job.jobId);
    const change = jobDropsWithheld(job, progress.place(), pass.now(), pass.shards);
    await writeJob(pass, change, 'withheld');
    return true;
  };

  if (pass.time.isOver()) return false;
  if (pass.dropGuard.isSpent()) return withhold();
  for await (const page of readAhead(tasksLeft(pass, judged))) {
    if (page === 'unread') {
      progress.fail();
      isFinished = false;
      break;
    }
    pass.tally.read.tasks += page.length;
    for (const chunk of slices(page, TASKS_PER_CHUNK)) {
      if (!(await savePlace(progress.place()))) return leave(pass, job);
      if (pass.time.isOver()) return false;
      const end = await dropChunk({ ...pass, expectation }, job, chunk, isRetry);
      isRetry = false;
      // The chunk is read again next time: the place stays before it.
      if (end.isWithheld) return withhold();
      progress.note(chunk, end);
    }
  }
  // What was cut off in the last chunk is counted as left, but is not known to be.
  if (pass.time.wasCutOff()) return false;

  if (progress.isUnsettled()) {
    pass.tally.jobs.unsettled++;
    pass.tally.oldestUnsettled.note(job.completedAt);
    const place = isFinished ? progress.placeAtTheEnd() : progress.place();
    if (!progress.hasFailed()) {
      await writeJob(pass, jobDroppedInVain(job, place, pass.now(), pass.shards), 'postponed');
      return true;
    }
    if (!(await savePlace(place))) return leave(pass, job);
    // The next pass tries again: if a pass can find it.
    if (!isInIndex(job, pass.shards))
      await writeJob(pass, jobPostponed(job, pass.now(), pass.shards), 'mended');
    return true;
  }
  const end = await writeJob(pass, jobSettled(job, pass.now()), 'settled');
  if (isInIndex(job, pass.shards)) return true;
  if (end === 'done') pass.tally.jobs.mended++;
  else await writeJob(pass, jobPostponed(job, pass.now(), pass.shards), 'mended');
  return true;
}

const NOWHERE: Place = { undropped: [] };

const isSame = (a: Place, b: Place): boolean =>
  a.through === b.through && a.past === b.past && a.undropped.join() === b.undropped.join();

/**
 * Somebody else has moved the place, or an answer was lost and the SDK's retry met its own write: another pass may be
 * working on the job, or none. It stays findable, and this pass does not call it done.
 */
async function leave(pass: JobPass, { jobId }: Job): Promise<boolean> {
  pass.tally.leaveUndone();
  const job = (await pass.jobs.read([jobId])).get(jobId);
  if (job && isJob(job) && isUnsettledFailure(job) && !isInIndex(job, pass.shards))
    await writeJob(pass, jobPostponed(job, pass.now(), pass.shards), 'mended');
  return true;
}

/**
 * The tasks whose targets may be left: those remembered, then those after the place. Ends with `unread`
 * where a partition cannot be read now: it stops this job only.
 */
async function* tasksLeft(
  { tasks, tally, time }: Pick<JobPass, 'tasks' | 'tally' | 'time'>,
  job: Job,
): AsyncGenerator<readonly TaskSighting<Task>[] | 'unread'> {
  const { jobId } = job;
  const { through, past, undropped } = placeOf(job);
  try {
    if (undropped.length > 0) {
      const { found, unread } = await tasks.read(undropped.map((taskId) => ({ jobId, taskId })));
      const [first] = unread;
      // What did not answer would pass for settled.
      if (first) throw new Error(`${unread.length} of them: ${first.reason}`);
      yield found;
    }
    yield* tasks.ofJob(jobId, past ?? through);
  } catch (error) {
    if (time.wasCutOff()) return;
    tally.jobs.failed++;
    const reason = `its tasks could not be read: ${describeError(error)}`;
    tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason });
    yield 'unread';
  }
}

async function dropChunk(
  pass: DropPass,
  { reason }: Job,
  chunk: readonly TaskSighting<Task>[],
  isRetry: boolean,
): Promise<ChunkEnd> {
  const readable = chunk.flatMap(({ reading }) => (reading.ok ? [reading.value] : []));
  // A settled task has no target left: each drop happens once.
  const unsettled = readable.filter(
    ({ state, segmentsDroppedAt }) => state !== 'Failed' || segmentsDroppedAt === undefined,
  );
  const left = await dropTargets(
    pass,
    unsettled.map((task) => ({
      task,
      cause: 'job',
      reason: task.state === 'Failed' ? task.reason : reason,
      isRetry,
    })),
  );
  // The targets of a task that cannot be read are unknown, so it cannot be said to have none.
  const unreadable: RawId[] = [...left.unreadable].map(({ taskId }) => taskId);
  for (const { key, reading } of chunk) {
    if (reading.ok) continue;
    pass.tally.problem({ key: keyOfTask(key), kind: 'malformed', reason: reading.reason });
    unreadable.push(key.taskId);
  }
  return {
    failed: [...left.failed].map(({ taskId }) => taskId),
    unreadable,
    isWithheld: left.withheld.size > 0,
  };
}
