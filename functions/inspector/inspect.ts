import { compareIds } from '../copy-segment/ids.ts';
import type { TaskSighting } from '../copy-segment/stores.ts';
import { compareTaskKeys } from '../copy-segment/task.ts';
import { dueWindows } from '../streams/due-windows.ts';
import { readAhead } from '../streams/read-ahead.ts';
import { slices } from '../streams/slices.ts';
import { carryOut } from './act/carry-out.ts';
import { judgeJobs_ } from './act/drop-all.ts';
import { createJobLookup } from './job-lookup.ts';
import { judgeIndexedTasks } from './judge.ts';
import { type Pass, type Stopped, TASKS_PER_CHUNK } from './pass.ts';

/**
 * Does what the `due` index says is due: tasks, then Failed jobs. Costs what is due, whatever the tables hold.
 *
 * Work on tasks ends before the schedule starts the next pass, which would send them once more; what is left of
 * them waits for it. The drops of a Failed job may take as long as the invocation has: nobody waits for them.
 */
export async function inspect(pass: Pass): Promise<Stopped> {
  const tasksStopped = await inspectTasks(pass);
  const jobsStopped = await inspectJobs(pass);
  return tasksStopped ?? jobsStopped;
}

async function inspectTasks(pass: Pass): Promise<Stopped> {
  const isOver = (): boolean => pass.time.isShort() || pass.now() >= pass.tasksUntil;
  if (isOver()) return {};
  const windows = dueWindows((shard) => pass.tasks.due(shard, pass.startedAt), pass.shards, pass.windowSize);
  for await (const window of readAhead(windows)) {
    pass.tally.read.dueTasks += window.length;
    const lookUpJobs = createJobLookup(pass);
    for (const chunk of slices(inOrder(pass, window), TASKS_PER_CHUNK)) {
      if (isOver()) return {};
      const jobs = await lookUpJobs(chunk.map(({ key }) => key.jobId));
      await carryOut(pass, await judgeIndexedTasks(pass, chunk, jobs));
    }
  }
  return undefined;
}

/** The tasks that are asked for, ascending, each once: an index that changes while it is read shows some twice. */
function inOrder(pass: Pass, window: readonly TaskSighting[]): TaskSighting[] {
  const sorted = window
    .filter(({ key }) => isRequested(pass, key.jobId))
    .sort((a, b) => compareTaskKeys(a.key, b.key));
  return sorted.filter(({ key }, index) => {
    const previous = sorted[index - 1]?.key;
    return previous?.jobId !== key.jobId || previous.taskId !== key.taskId;
  });
}

async function inspectJobs(pass: Pass): Promise<Stopped> {
  if (pass.time.isShort()) return {};
  const windows = dueWindows((shard) => pass.jobs.due(shard, pass.startedAt), pass.shards, pass.windowSize);
  for await (const window of windows) {
    pass.tally.read.dueJobs += window.length;
    const jobIds = new Set(window.map(({ jobId }) => jobId).filter((jobId) => isRequested(pass, jobId)));
    const lookUpJobs = createJobLookup(pass);
    for (const chunk of slices([...jobIds].sort(compareIds), TASKS_PER_CHUNK)) {
      if (pass.time.isShort()) return {};
      const unfinished = await judgeJobs_(pass, await lookUpJobs(chunk));
      if (unfinished.length > 0 || pass.time.signal.aborted) return {};
    }
  }
  return undefined;
}

const isRequested = ({ request }: Pass, jobId: bigint): boolean => request.jobIds?.has(jobId) ?? true;
