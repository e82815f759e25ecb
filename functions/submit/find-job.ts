import { describeError } from '../copy-segment/describe-error.ts';
import { isId } from '../copy-segment/ids.ts';
import type { Item } from '../copy-segment/item.ts';
import { isJob, type Job, type JobState } from '../copy-segment/job.ts';
import type { MappingTotals, SubmittedJob } from '../copy-segment/submission.ts';
import type { Task, TaskSighting } from '../copy-segment/task.ts';
import { SubmitInterruptedError, type SubmitStores } from './submit-stores.ts';

/** How far the tasks of a job have come. */
export interface Filled {
  /** The highest task, 0 if there is none. */
  readonly taskId: bigint;
  /** The last target of that task: the next one begins after it. */
  readonly lastTarget?: bigint | undefined;
}

/** What there is of a job that is submitted. */
export type Found =
  | { readonly kind: 'missing' }
  | { readonly kind: 'conflict'; readonly differences: readonly string[] }
  | { readonly kind: 'pending'; readonly filled: Filled }
  | { readonly kind: 'movedOn'; readonly state: JobState; readonly reason?: string | undefined };

/** @throws SubmitInterruptedError when DynamoDB does not answer, or the highest task cannot be read */
export async function findJob(
  stores: SubmitStores,
  job: SubmittedJob,
  totals: MappingTotals,
): Promise<Found> {
  const found = (await stores.jobs.read([job.jobId])).get(job.jobId) ?? 'missing';
  if (found === 'missing') return { kind: 'missing' };
  if ('unread' in found)
    throw new SubmitInterruptedError(`Job ${job.jobId} could not be read: ${found.unread}`);
  if (!isJob(found)) return { kind: 'conflict', differences: [`it cannot be read: ${found.unreadable}`] };

  const differences = differencesOf(found, job, totals);
  if (differences.length > 0) return { kind: 'conflict', differences };
  if (found.state !== 'Pending') return { kind: 'movedOn', state: found.state, reason: found.reason };
  return { kind: 'pending', filled: filledUpTo(await findLastTask(stores, job.jobId)) };
}

/** @throws SubmitInterruptedError when DynamoDB does not answer */
export const findLastTask = (
  { lastTask }: Pick<SubmitStores, 'lastTask'>,
  jobId: bigint,
): Promise<TaskSighting<Task> | undefined> =>
  lastTask(jobId).catch((error: unknown) => {
    const reason = describeError(error);
    throw new SubmitInterruptedError(`The tasks of job ${jobId} could not be read: ${reason}`, {
      cause: error,
    });
  });

/** @throws SubmitInterruptedError when the task cannot be read */
function filledUpTo(last: TaskSighting<Task> | undefined): Filled {
  if (last === undefined) return { taskId: 0n };
  const { key, reading } = last;
  const lastTarget = reading.ok ? reading.value.targetSegmentIds.at(-1) : undefined;
  if (isId(key.taskId) && lastTarget !== undefined) return { taskId: key.taskId, lastTarget };
  const reason = reading.ok ? 'it has no readable target' : reading.reason;
  throw new SubmitInterruptedError(`Task ${key.taskId} of job ${key.jobId} cannot be read: ${reason}`);
}

/** What decides which objects are copied where; a name or a deadline does not. */
const IDENTITY = ['collectionId', 'sourceCollectionId', 'source', 'target'] as const;

function differencesOf({ raw }: Job, job: SubmittedJob, { digest }: MappingTotals): string[] {
  const submitted: Item = { ...job, mappingsDigest: digest };
  return ['mappingsDigest', ...IDENTITY].filter(
    (name) => canonical(raw[name] ?? undefined) !== canonical(submitted[name]),
  );
}

const canonical = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : String(value);
