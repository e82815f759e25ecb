import { compareIds, type RawId } from '../copy-segment/ids.ts';
import { isRunning, JOB_STATES, type JobState } from '../copy-segment/job.ts';
import type { DueJob } from '../copy-segment/stores.ts';
import { compareTaskKeys, type TaskSighting } from '../copy-segment/task.ts';
import { noteUnread } from '../pass/unread-shards.ts';
import { dueWindows } from '../streams/due-windows.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { slices } from '../streams/slices.ts';
import { openLanes } from './act/carry-out.ts';
import { judgeJobs } from './act/judge-jobs.ts';
import { judgeIndexedTasks } from './judge.ts';
import { type Pass, type Stopped, TASKS_PER_CHUNK } from './pass.ts';
import { isUnchecked } from './verdict.ts';

/** Tasks as the index shows them that are judged together. Ten batches of strong reads, if all of them need one. */
const INDEXED_TASKS_PER_CHUNK = 1_000;

/**
 * Does what the `due` index says is due: tasks, then jobs. Costs what is due, whatever the tables hold.
 *
 * Work on tasks ends before the schedule starts the next pass, which would send them once more; what is left of
 * them waits for it. The drops of a Failed job may take as long as the invocation has: nobody waits for them.
 *
 * @throws the error of the service if no shard of the index can be read at all
 */
export async function inspect(pass: Pass): Promise<Stopped> {
  const unread: unknown[] = [];
  const tasksStopped = await inspectTasks(pass, unread);
  const jobsStopped = await inspectJobs(pass, unread);
  if (unread.length === 2 * pass.shards) throw unread[0];
  return tasksStopped ?? jobsStopped;
}

async function inspectTasks(pass: Pass, unread: unknown[]): Promise<Stopped> {
  if (pass.time.isOverForTasks()) return {};
  const windows = dueWindows(
    (shard) => pass.tasks.due(shard, pass.startedAt),
    ({ raw }: TaskSighting) => Number(raw.dueAt),
    noteUnread(pass, 'tasks', unread),
    pass,
  );
  const lanes = openLanes({ ...pass, isOver: pass.time.isOverForTasks });
  try {
    for await (const chunk of readAhead(chunksOf(pass, windows))) {
      if (pass.time.isOverForTasks()) {
        await lanes.drain();
        return {};
      }
      const jobs = await pass.lookUpJobs(chunk.map(({ key }) => key.jobId));
      await lanes.take(await judgeIndexedTasks(pass, chunk, jobs));
    }
    await lanes.drain();
  } finally {
    await lanes.stop();
  }
  return undefined;
}

/**
 * Windows, each in its order, a chunk at a time. Whoever reads a chunk ahead has the next window read while the last chunk
 * of the one before is worked on, and not earlier: what is done is let go, so that little more than a window is held.
 */
async function* chunksOf(
  pass: Pick<Pass, 'request' | 'tally'>,
  windows: AsyncIterable<TaskSighting[]>,
): AsyncGenerator<TaskSighting[]> {
  for await (const window of windows) {
    pass.tally.read.dueTasks += window.length;
    const tasks = inOrder(pass, window);
    // Its source holds it until it is asked for the next one.
    window.length = 0;
    while (tasks.length > 0) yield tasks.splice(0, INDEXED_TASKS_PER_CHUNK);
  }
}

/** The requested tasks, ascending, each once: an index that changes while it is read shows some twice. */
function inOrder(pass: Pick<Pass, 'request'>, window: readonly TaskSighting[]): TaskSighting[] {
  const sorted = window
    .filter(({ key }) => isRequested(pass, key.jobId))
    .sort((a, b) => compareTaskKeys(a.key, b.key));
  return sorted.filter(({ key }, index) => {
    const previous = sorted[index - 1]?.key;
    return previous?.jobId !== key.jobId || previous.taskId !== key.taskId;
  });
}

async function inspectJobs(pass: Pass, unread: unknown[]): Promise<Stopped> {
  if (pass.time.isOver()) return {};
  const windows = dueWindows(
    (shard) => pass.jobs.due(shard, pass.startedAt),
    ({ dueAt }: DueJob) => dueAt,
    noteUnread(pass, 'jobs', unread),
    pass,
  );
  for await (const window of windows) {
    pass.tally.read.dueJobs += window.length;
    const ours = window.filter((job) => isRequested(pass, job.jobId) && !isCheckers(job, pass.startedAt));
    const jobIds = new Set(ours.map(({ jobId }) => jobId));
    for (const chunk of slices([...jobIds].sort(compareIds), TASKS_PER_CHUNK)) {
      if (pass.time.isOver()) return {};
      const unfinished = await judgeJobs(pass, await pass.lookUpJobs(chunk));
      if (unfinished.length > 0 || pass.time.wasCutOff()) return {};
    }
  }
  return undefined;
}

const isRequested = ({ request }: Pick<Pass, 'request'>, jobId: RawId): boolean =>
  request.jobIds?.has(jobId as bigint) ?? true;

/** Running jobs are not worth a read: their marker is the checker's, unless it has been due for too long. */
const isCheckers = ({ state, dueAt }: DueJob, now: number): boolean =>
  JOB_STATES.includes(state as JobState) &&
  isRunning({ state: state as JobState }) &&
  !isUnchecked({ dueAt }, now);
