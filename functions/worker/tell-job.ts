import type { Item } from '../copy-segment/item.ts';
import { isRunning, readJob } from '../copy-segment/job.ts';
import { jobHasNews } from '../copy-segment/job-changes.ts';
import type { Progress } from '../copy-segment/progress.ts';
import type { SingleItems } from '../copy-segment/single-items.ts';
import { type ClaimedTask, counted } from '../copy-segment/worker-changes.ts';

/** A running job goes through three states; each may be the one that a look changes before the news arrives. */
const MAX_ATTEMPTS = 3;

/**
 * Counts a Completed task on its job, and wakes the checker if it seems to be the last. A hint that is lost or doubled
 * costs time or one look, never truth, so no error of it is the task's.
 */
export async function tellCompleted(
  items: SingleItems,
  task: ClaimedTask,
  progress: Progress,
  now: number,
): Promise<void> {
  try {
    const outcome = await items.update(counted(task, progress));
    if (outcome.kind !== 'done') return;
    const { completedTasks = 0n, totalTasks } = outcome.item;
    if (typeof totalTasks === 'bigint' && Number(completedTasks) >= totalTasks)
      await wakeChecker(items, outcome.item, now);
  } catch {}
}

/** A task failed, so the job will: the checker is to look now. Lost, this is what the inspector says as well. */
export async function tellFailed(items: SingleItems, task: ClaimedTask, now: number): Promise<void> {
  try {
    await wakeChecker(items, await items.read('jobs', { jobId: task.jobId }), now);
  } catch {}
}

async function wakeChecker(items: SingleItems, jobItem: Item | undefined, now: number): Promise<void> {
  let raw = jobItem;
  for (let attempt = 1; raw && attempt <= MAX_ATTEMPTS; attempt++) {
    const job = readJob(raw);
    if (!job.ok || !isRunning(job.value)) return;
    // A job that is due already stays as overdue as it is: that is how a missing checker is noticed.
    if (job.value.dueAt !== undefined && job.value.dueAt <= now) return;
    const outcome = await items.update(jobHasNews(job.value, now));
    if (outcome.kind === 'done') return;
    raw = outcome.item;
  }
}
