import { asRead, type Change } from '../../functions/copy-segment/change.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import { readTask } from '../../functions/copy-segment/task.ts';
import { MINUTE } from '../support/builders.ts';
import type { Stage } from './stage.ts';

type JobChange = Change<'jobs'>;

/** One look at a job, as section 11 has it. @returns whether there is more to do at once */
export async function check(stage: Stage, jobId: bigint): Promise<boolean> {
  const { jobs, tasks, segments } = await stage.items();
  const job = jobs.find((item) => item.jobId === jobId);
  const mine = tasks.filter((item) => item.jobId === jobId);
  const { now } = stage.clock;
  if (job?.state === 'Publishing') return publish(stage, job, mine, segments);
  if (job?.state !== 'Pending' && job?.state !== 'Executing') return false;

  const failed = mine.find(({ state }) => state === 'Failed');
  const isDone = mine.length > 0 && mine.every(({ state }) => state === 'Completed');
  if (failed) await end(stage, job, 'Failed', `a task failed: ${failed.reason}`);
  else if (job.state === 'Pending') await move(stage, job, { state: 'Executing', dueAt: now + MINUTE });
  else await move(stage, job, isDone ? { state: 'Publishing' } : { dueAt: now + 15 * MINUTE });
  return !failed && (isDone || job.state === 'Pending');
}

/** An operator's cancellation; not from Publishing. */
export async function cancel(stage: Stage, jobId: bigint): Promise<void> {
  const job = (await stage.items()).jobs.find((item) => item.jobId === jobId);
  if (job?.state === 'Pending' || job?.state === 'Executing') await end(stage, job, 'Failed', 'cancelled');
}

/** A checker that does not look at the tasks: a broken one. */
export async function complete(stage: Stage, jobId: bigint): Promise<void> {
  const job = (await stage.items()).jobs.find((item) => item.jobId === jobId);
  if (job && job.state !== 'Failed') await end(stage, job, 'Completed', undefined);
}

/** Flushes one target a look, so that a job is found half published; one that cannot be flushed fails the job. */
async function publish(
  stage: Stage,
  job: Item,
  tasks: readonly Item[],
  segments: readonly Item[],
): Promise<boolean> {
  const targets = tasks.flatMap((task) => {
    const reading = readTask(task);
    return reading.ok ? reading.value.targetSegmentIds : [];
  });
  for (const segmentId of targets) {
    const segment = segments.find((item) => item.segmentId === segmentId);
    const owner = segment?.jobId ?? job.jobId;
    if (segment === undefined || owner !== job.jobId || segment.state === 'Dropped') {
      await end(stage, job, 'Failed', `target ${segmentId} is ${segment?.state ?? 'missing'}`);
      return false;
    }
    if (segment.state === 'Importing') {
      await publishSegment(stage, segment);
      return true;
    }
  }
  await end(stage, job, 'Completed', undefined);
  return false;
}

export async function publishSegment({ write, clock }: Stage, { segmentId, jobId }: Item): Promise<void> {
  await write([
    {
      table: 'segments',
      key: { segmentId },
      if: { state: 'Importing', ...(jobId !== undefined && asRead({ jobId }, 'jobId')) },
      set: { state: 'Flushed', isImporting: false, publishedAt: clock.now },
      remove: [],
    },
  ]);
}

const end = (
  stage: Stage,
  job: Item,
  state: 'Completed' | 'Failed',
  reason: string | undefined,
): Promise<void> => {
  const { now } = stage.clock;
  return state === 'Failed'
    ? move(stage, job, { state, ...(reason && { reason }), completedAt: now, dueAt: now })
    : move(stage, job, { state, completedAt: now }, ['dueAt']);
};

async function move(
  { write }: Stage,
  { jobId, state }: Item,
  set: JobChange['set'],
  remove: JobChange['remove'] = [],
): Promise<void> {
  await write([{ table: 'jobs', key: { jobId }, if: asRead({ state }, 'state'), set, remove }]);
}
