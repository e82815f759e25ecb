import pMap from 'p-map';
import { isInIndex } from '../../copy-segment/due-index.ts';
import { isJob, type Job, type JobLookup } from '../../copy-segment/job.ts';
import type { TaskSighting, WriteOutcome } from '../../copy-segment/stores.ts';
import type { Task } from '../../copy-segment/task.ts';
import { readAhead } from '../../streams/read-ahead.ts';
import { slices } from '../../streams/slices.ts';
import { type Pass, TASKS_PER_CHUNK } from '../pass.ts';
import { type JobOutcome, keyOfTask } from '../report/pass-report.ts';
import { verdictOnJob } from '../verdict.ts';
import { dropAndSettle } from './drop.ts';

/** Failed jobs at once; each of them keeps up to a hundred tasks' targets in flight. */
const MAX_JOBS_AT_ONCE = 4;

/**
 * The jobs' own verdict: a Failed one drops every target of every task, then is settled; any other one leaves
 * the index. A restore is all or nothing (review of milvus-io/milvus#51641).
 *
 * @param jobs as read from the table, strongly consistent
 * @returns the jobs that the pass did not come to the end of because its time ran short
 */
export async function judgeJobs_(pass: Pass, jobs: ReadonlyMap<bigint, JobLookup>): Promise<bigint[]> {
  const unfinished: bigint[] = [];
  await pMap(
    jobs,
    async ([jobId, job]) => {
      if (!(await judgeJob(pass, jobId, job))) unfinished.push(jobId);
    },
    { concurrency: MAX_JOBS_AT_ONCE },
  );
  return unfinished;
}

/** @returns false if the time ran short */
async function judgeJob(pass: Pass, jobId: bigint, job: JobLookup): Promise<boolean> {
  if (job === 'missing') return true;
  if (!isJob(job)) {
    pass.tally.jobs.malformed++;
    pass.tally.problem({ key: { jobId: String(jobId) }, kind: 'malformed', reason: job.unreadable });
    pass.observe({ jobId, kind: 'malformed', because: job.unreadable });
    return true;
  }
  const { kind, because } = verdictOnJob(job);
  if (kind === 'rest') {
    if (job.dueAt === undefined) return true;
    pass.observe({ jobId, kind, because });
    count(pass, job, await pass.jobs.rest(job), 'rested');
    return true;
  }
  pass.observe({ jobId, kind, because });
  return dropAll(pass, job);
}

async function dropAll(pass: Pass, judged: Job): Promise<boolean> {
  let job = judged;
  let targetsLeft = 0;
  let reached = job.droppedThroughTaskId;
  // A job of a million targets takes longer than one pass has: the next one goes on from here. Kept with every
  // chunk, since a pass may be cut off, or overtaken by another one, which then starts where this one is.
  const savePlace = async (): Promise<void> => {
    if (reached === undefined || reached === job.droppedThroughTaskId) return;
    const outcome = await pass.jobs.savePlace(job, reached);
    if (outcome.kind === 'done') job = { ...job, droppedThroughTaskId: reached };
    if (outcome.kind === 'failed') count(pass, job, outcome, 'unsettled');
  };

  if (pass.time.isShort()) return false;
  for await (const page of readAhead(pass.tasks.ofJob(job.jobId, job.droppedThroughTaskId))) {
    pass.tally.read.tasks += page.length;
    for (const chunk of slices(page, TASKS_PER_CHUNK)) {
      await savePlace();
      if (pass.time.isShort()) return false;
      targetsLeft += await dropTargetsOf(pass, job, chunk);
      if (targetsLeft === 0) reached = chunk.at(-1)?.key.taskId;
    }
  }
  // What was cut off in the last chunk is counted as left, but is not known to be.
  if (pass.time.signal.aborted) return false;

  if (targetsLeft > 0) {
    pass.tally.jobs.unsettled++;
    await savePlace();
  }
  const settlement = targetsLeft > 0 ? undefined : await pass.jobs.settle(job, pass.now());
  if (settlement) count(pass, job, settlement, 'settled');
  if (isInIndex(job, pass.shards)) return true;
  if (settlement?.kind === 'done') pass.tally.jobs.mended++;
  // What is not settled stays due, and the next pass tries again: if a pass can find it.
  else count(pass, job, await pass.jobs.schedule(job, pass.now()), 'mended');
  return true;
}

/** @returns how many of the tasks have a target left, as far as one can tell */
async function dropTargetsOf(pass: Pass, job: Job, chunk: readonly TaskSighting<Task>[]): Promise<number> {
  const readable = chunk.flatMap(({ reading }) => (reading.ok ? [reading.value] : []));
  // A settled task has no target left: each drop happens once.
  const unsettled = readable.filter((task) => task.segmentsDroppedAt === undefined);
  const unfinished = await dropAndSettle(pass, unsettled, job.reason);
  const failed = [...unfinished.values()].filter((why) => why === 'failed').length;
  for (const { key, reading } of chunk) {
    if (reading.ok) continue;
    pass.tally.problem({ key: keyOfTask(key), kind: 'malformed', reason: reading.reason });
  }
  // The targets of a task that cannot be read are unknown, so it cannot be said to have none.
  return failed + chunk.length - readable.length;
}

function count({ tally }: Pass, { jobId }: Job, outcome: WriteOutcome, done: JobOutcome): void {
  if (outcome.kind === 'done') tally.jobs[done]++;
  else if (outcome.kind === 'conditionFailed') tally.jobs.movedOn++;
  else {
    tally.jobs.failed++;
    tally.problem({ key: { jobId: String(jobId) }, kind: 'failed', reason: outcome.reason });
  }
}
