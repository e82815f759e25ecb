import { compareIds, MAX_ID } from '../copy-segment/ids.ts';
import type { Task } from '../copy-segment/task.ts';
import { actOnTasks } from './act-on-tasks.ts';
import { batchesOf } from './batches.ts';
import { readJobs } from './inspect.ts';
import { judgeTasks } from './judge-tasks.ts';
import { type Pass, type Stopped, TASKS_A_CHUNK } from './pass.ts';
import { readAhead } from './read-ahead.ts';
import { settleFailedJobs } from './settle-failed-jobs.ts';
import type { TaskSighting } from './stores.ts';

/** Jobs that are read together. */
const JOBS_A_GROUP = 100;

/** Below every id that a number attribute could hold: a malformed one is met, and reported, too. */
const BEFORE_ALL = -MAX_ID - 1n;

/**
 * Walks the tables instead of the index: every job in ascending id, every task of it, due or not. Re-enqueues
 * what is in progress, as Milvus reloads it after a restart, and mends markers as it goes.
 * Source: milvus-io/milvus internal/datacoord/copy_segment_inspector.go, `reloadFromMeta`.
 */
export async function recover(pass: Pass): Promise<Stopped> {
  for await (const jobIds of jobIdWindows(pass)) {
    for (const group of batchesOf(jobIds, JOBS_A_GROUP)) {
      const stopped = await recoverInTime(pass, group);
      if (stopped) return stopped;
    }
  }
  return undefined;
}

async function* jobIdWindows({ jobs, request, windowSize, time }: Pass): AsyncGenerator<bigint[]> {
  const from = request.fromJobId ?? BEFORE_ALL;
  if (request.jobIds) {
    yield [...request.jobIds].filter((jobId) => jobId >= from).sort(compareIds);
    return;
  }
  // Exclusive: whatever sorts just after an id is met, also a key that is no whole number.
  let after = from - 1n;
  for (;;) {
    // Without time to act on it, a scan of both tables would be for nothing.
    if (time.isShort()) return yield [from];
    const window = await jobs.smallestIds(after, windowSize);
    if (window.length === 0) return;
    yield window;
    after = window.at(-1) as bigint;
    if (window.length < windowSize) return;
  }
}

async function recoverInTime(pass: Pass, jobIds: readonly bigint[]): Promise<Stopped> {
  const [first] = jobIds;
  if (pass.time.isShort()) return stopAt(first);
  try {
    return await recoverJobs(pass, jobIds);
  } catch (error) {
    // A request that outlasted the pass; what was under way is done again from here.
    if (pass.time.signal.aborted) return stopAt(first);
    throw error;
  }
}

async function recoverJobs(pass: Pass, jobIds: readonly bigint[]): Promise<Stopped> {
  const jobs = await readJobs(pass, jobIds);
  // The verdict on a job follows those on its tasks, and follows them at once: a pass that stops has judged
  // every job before the one it goes on from, however few it got through.
  let judged = 0;
  const judgeJobsBefore = async (limit: bigint): Promise<Stopped> => {
    const end = jobIds.findLastIndex((jobId) => jobId < limit) + 1;
    const ready = jobIds.slice(judged, end);
    judged = Math.max(judged, end);
    const unfinished = await settleFailedJobs(
      pass,
      new Map(ready.map((jobId) => [jobId, jobs.get(jobId) ?? 'missing'])),
    );
    return unfinished.length > 0 ? stopAt(unfinished.sort(compareIds)[0]) : undefined;
  };

  for await (const chunk of readAhead(chunksOf(tasksOf(pass, jobIds), TASKS_A_CHUNK))) {
    if (pass.time.isShort()) return stopAt(jobIds[judged]);
    await actOnTasks(pass, judgeTasks(pass, chunk, jobs));
    // The last job of a chunk may go on in the next one.
    const stopped = await judgeJobsBefore(chunk.at(-1)?.key.jobId ?? 0n);
    if (stopped) return stopped;
  }
  return judgeJobsBefore(MAX_ID + 1n);
}

async function* tasksOf(
  pass: Pass,
  jobIds: readonly bigint[],
): AsyncGenerator<readonly TaskSighting<Task>[]> {
  for (const jobId of jobIds) {
    for await (const page of pass.tasks.ofJob(jobId)) {
      pass.tally.read.tasks += page.length;
      yield page;
    }
  }
}

/** Pages of any size as chunks of one, across jobs: many small jobs fill a batch as well as a large one. */
async function* chunksOf<T>(pages: AsyncIterable<readonly T[]>, size: number): AsyncGenerator<T[]> {
  let rest: T[] = [];
  for await (const page of pages) {
    const [...full] = batchesOf([...rest, ...page], size);
    rest = full.length > 0 && (full.at(-1) as T[]).length < size ? (full.pop() as T[]) : [];
    yield* full;
  }
  if (rest.length > 0) yield rest;
}

const stopAt = (jobId: bigint | undefined): Stopped => ({
  fromJobId: jobId === undefined || jobId < 1n ? 1n : jobId,
});
