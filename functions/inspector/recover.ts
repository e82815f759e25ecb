import { compareIds, isId, MAX_ID } from '../copy-segment/ids.ts';
import type { TaskSighting } from '../copy-segment/stores.ts';
import type { Task } from '../copy-segment/task.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { slices } from '../streams/slices.ts';
import { carryOut } from './act/carry-out.ts';
import { judgeJobs_ } from './act/drop-all.ts';
import { createJobLookup } from './job-lookup.ts';
import { judgeTasks } from './judge.ts';
import { type Pass, type Stopped, TASKS_PER_CHUNK } from './pass.ts';

/** Jobs whose tasks are read one after the other, and acted on in chunks that reach across them. */
const JOBS_PER_GROUP = 100;

/** Below every int64: a key that is no id is met, and reported, too. */
const BEFORE_ALL = -MAX_ID - 2n;

/**
 * Walks the tables instead of the index: every job in ascending id, every task of it, due or not. Re-enqueues
 * what is in progress, as Milvus reloads it after a restart, and mends markers as it goes.
 * Source: milvus-io/milvus internal/datacoord/copy_segment_inspector.go, `reloadFromMeta`.
 */
export async function recover(pass: Pass): Promise<Stopped> {
  // Every job before this one is done with: where to go on if the time runs short.
  let reached = pass.request.fromJobId ?? 1n;
  try {
    for await (const jobIds of jobIdWindows(pass)) {
      for (const group of slices(jobIds, JOBS_PER_GROUP)) {
        const unfinished = pass.time.isShort() ? group[0] : await recoverJobs(pass, group);
        if (unfinished !== undefined) return { fromJobId: later(reached, unfinished) };
        for (const jobId of group) reached = later(reached, jobId, 1n);
      }
    }
  } catch (error) {
    // A request that outlasted the pass; what was under way is done again.
    if (!pass.time.signal.aborted) throw error;
    return { fromJobId: reached };
  }
  return undefined;
}

/** The later of two job ids to go on from; a key that is no id is none. */
const later = (reached: bigint, jobId: bigint, step = 0n): bigint =>
  typeof jobId === 'bigint' && isId(jobId) && jobId + step > reached ? jobId + step : reached;

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
    const window = await jobs.idsAfter(after, windowSize);
    if (window.length === 0) return;
    yield window;
    after = window.at(-1) as bigint;
    if (window.length < windowSize) return;
  }
}

/** @returns the first job that the time did not suffice for; those before it are done with */
async function recoverJobs(pass: Pass, jobIds: readonly bigint[]): Promise<bigint | undefined> {
  const lookUpJobs = createJobLookup(pass);
  // The verdict on a job follows those on its tasks, and follows them at once: a pass that stops has judged
  // every job before the one it goes on from, however few it got through.
  let judged = 0;
  const judgeJobs = async (end: number): Promise<bigint | undefined> => {
    const ready = jobIds.slice(judged, end);
    const unfinished = await judgeJobs_(pass, await lookUpJobs(ready));
    // What was cut off, here or among the tasks before, is not done with.
    if (pass.time.signal.aborted) return ready[0];
    judged = Math.max(judged, end);
    return unfinished.sort(compareIds)[0];
  };

  for await (const chunk of readAhead(chunksOf(tasksOf(pass, jobIds), TASKS_PER_CHUNK))) {
    if (pass.time.isShort()) return jobIds[judged];
    await carryOut(pass, judgeTasks(pass, chunk, await lookUpJobs(chunk.map(({ key }) => key.jobId))));
    // The last job of a chunk may go on in the next one.
    const last = chunk.at(-1)?.key.jobId;
    const unfinished = await judgeJobs(jobIds.indexOf(last as bigint));
    if (unfinished !== undefined) return unfinished;
  }
  return judgeJobs(jobIds.length);
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
    const chunks = slices([...rest, ...page], size);
    const last = chunks.at(-1) ?? [];
    rest = last.length < size ? last : [];
    yield* rest.length > 0 ? chunks.slice(0, -1) : chunks;
  }
  if (rest.length > 0) yield rest;
}
