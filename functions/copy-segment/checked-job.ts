import * as v from 'valibot';
import { lenient, readItem } from './item.ts';
import { type Job, jobAttributes } from './job.ts';

const { timeoutAt, totalTasks, totalSegments, publishedThroughTaskId, looks } = jobAttributes;

const checkedItem = v.object({
  timeoutAt: lenient(timeoutAt),
  totalTasks: lenient(totalTasks),
  totalSegments: lenient(totalSegments),
  publishedThroughTaskId: lenient(publishedThroughTaskId),
  looks: lenient(looks),
});

/** What must be readable, or absent, for the tasks to be held against it. */
const decisiveItem = v.object({
  timeoutAt: v.optional(timeoutAt),
  totalTasks: v.optional(totalTasks),
  totalSegments: v.optional(totalSegments),
});

/** A job as its checker needs it. What cannot be read counts as absent; `flaws` says what that is of what decides. */
export type CheckedJob = Job & v.InferOutput<typeof checkedItem> & { readonly flaws?: string };

export function toCheckedJob(job: Job): CheckedJob {
  const checked = readItem(checkedItem, job.raw);
  const decisive = readItem(decisiveItem, job.raw);
  return {
    ...(checked.ok ? checked.value : {}),
    ...job,
    ...(!decisive.ok && { flaws: decisive.reason }),
  };
}
