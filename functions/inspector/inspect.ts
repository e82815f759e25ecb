import { compareIds } from '../copy-segment/ids.ts';
import type { JobLookup } from '../copy-segment/job.ts';
import { actOnTasks } from './act-on-tasks.ts';
import { batchesOf } from './batches.ts';
import { dueWindows } from './due-windows.ts';
import { judgeIndexedTasks } from './judge-tasks.ts';
import { type Pass, type Stopped, TASKS_A_CHUNK } from './pass.ts';
import { readAhead } from './read-ahead.ts';
import { settleFailedJobs } from './settle-failed-jobs.ts';

/** Does what the `due` index says is due: tasks, then Failed jobs. Costs what is due, whatever the tables hold. */
export async function inspect(pass: Pass): Promise<Stopped> {
  return (await inspectTasks(pass)) ?? (await inspectJobs(pass));
}

async function inspectTasks(pass: Pass): Promise<Stopped> {
  if (pass.time.isShort()) return {};
  const windows = dueWindows((shard) => pass.tasks.due(shard, pass.startedAt), pass.shards, pass.windowSize);
  for await (const window of readAhead(windows)) {
    pass.tally.read.dueTasks += window.length;
    const tasks = window
      .filter(({ key }) => isAskedFor(pass, key.jobId))
      .sort((a, b) => compareIds(a.key.jobId, b.key.jobId) || compareIds(a.key.taskId, b.key.taskId));
    // A job is read once a window, when the first of its tasks is reached.
    const jobs = new Map<bigint, JobLookup>();
    for (const chunk of batchesOf(tasks, TASKS_A_CHUNK)) {
      if (pass.time.isShort()) return {};
      const unread = new Set(chunk.map(({ key }) => key.jobId).filter((jobId) => !jobs.has(jobId)));
      for (const [jobId, job] of await readJobs(pass, [...unread])) jobs.set(jobId, job);
      await actOnTasks(pass, await judgeIndexedTasks(pass, chunk, jobs));
    }
  }
  return undefined;
}

async function inspectJobs(pass: Pass): Promise<Stopped> {
  if (pass.time.isShort()) return {};
  const windows = dueWindows((shard) => pass.jobs.due(shard, pass.startedAt), pass.shards, pass.windowSize);
  for await (const window of windows) {
    pass.tally.read.dueJobs += window.length;
    const jobIds = window.map(({ jobId }) => jobId).filter((jobId) => isAskedFor(pass, jobId));
    for (const chunk of batchesOf(jobIds.sort(compareIds), TASKS_A_CHUNK)) {
      if (pass.time.isShort()) return {};
      if ((await settleFailedJobs(pass, await readJobs(pass, chunk))).length > 0) return {};
    }
  }
  return undefined;
}

const isAskedFor = ({ request }: Pass, jobId: bigint): boolean => request.jobIds?.has(jobId) ?? true;

/** Jobs by id, strongly consistent; counted. */
export async function readJobs(pass: Pass, jobIds: readonly bigint[]): Promise<Map<bigint, JobLookup>> {
  const jobs = await pass.jobs.read(jobIds);
  pass.tally.read.jobs += [...jobs.values()].filter((job) => job !== 'missing').length;
  return jobs;
}
