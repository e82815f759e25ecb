import { isJob, isRunning, type JobLookup } from '../../copy-segment/job.ts';
import { MESSAGES_PER_BATCH } from '../../copy-segment/stores.ts';
import type { DispatchableTask, IndexedTask } from '../../copy-segment/task.ts';
import { type EnqueueReason, messageFor } from '../../copy-segment/task-message.ts';
import { slices } from '../../streams/slices.ts';
import { createUnderWay } from '../../streams/under-way.ts';
import { keyOfTask } from '../report/pass-report.ts';
import type { LanePass, Unended, Unfinished } from './lane.ts';
import { createMarks } from './marks.ts';

/** Time and jobs are asked for again after this many tasks: ten sends. */
const TASKS_PER_LOOK = 100;

export interface ToEnqueue {
  readonly task: DispatchableTask;
  readonly reason: EnqueueReason;
}

/**
 * Starts sends in order, several under way at once, and marks what SQS accepted while the next ones are sent. A crash in
 * between sends a message twice, never not at all. What is left when time is over stays due.
 *
 * @returns the tasks that were not sent or not marked
 */
export async function enqueue(pass: LanePass, toEnqueue: readonly ToEnqueue[]): Promise<Unfinished> {
  const unended = new Map<IndexedTask, Unended>();
  const underWay = createUnderWay();
  let sends = 0;
  /** Messages that are sent, or being sent, and whose marks have not ended. */
  let open = 0;
  const marks = createMarks(pass, underWay, (task, why) => {
    open--;
    if (why) unended.set(task, why);
  });
  const notSent = (task: DispatchableTask, reason: string): void => {
    pass.tally.messages.failed++;
    pass.tally.tasks.failed++;
    pass.tally.problem({ key: keyOfTask(task), kind: 'failed', reason: `not sent: ${reason}` });
    unended.set(task, 'failed');
  };

  const send = async (batch: readonly ToEnqueue[]): Promise<void> => {
    const sentAt = pass.now();
    const outcomes = await pass.queue.send(batch.map(({ task, reason }) => messageFor(task, reason, sentAt)));
    sends--;
    pass.sendPace.note(outcomes);
    const sent = batch.filter((_, index) => outcomes[index]?.kind === 'sent');
    pass.tally.messages.sent += sent.length;
    for (const [index, { task }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'sent') continue;
      open--;
      notSent(task, outcome?.reason ?? 'no answer');
    }
    marks.add(sent.map(({ task }) => ({ task, sentAt })));
  };
  const startSend = async (batch: readonly ToEnqueue[]): Promise<void> => {
    while (
      underWay.size > 0 &&
      (sends >= pass.sendPace.maxAtOnce() || open + MESSAGES_PER_BATCH > pass.markBreaker.maxUnmarked())
    )
      await underWay.someEnded();
    if (pass.markBreaker.isOpen()) {
      for (const { task } of batch)
        notSent(task, 'marks fail, so what was sent would be sent again every minute');
      return;
    }
    sends++;
    open += batch.length;
    underWay.start(send(batch));
  };

  /** A job may have ended since the verdict. */
  const ofRunningJobs = async (tasks: readonly ToEnqueue[]): Promise<ToEnqueue[]> => {
    const jobs = await pass.lookUpJobs(tasks.map(({ task }) => task.jobId));
    const ended = tasks.filter(({ task }) => hasEnded(jobs.get(task.jobId)));
    pass.tally.tasks.movedOn += ended.length;
    for (const { task } of ended) unended.set(task, 'movedOn');
    return tasks.filter(({ task }) => !unended.has(task));
  };

  try {
    let ready: ToEnqueue[] = [];
    for (const tasks of slices(toEnqueue, TASKS_PER_LOOK)) {
      if (pass.isOver()) {
        pass.tally.leaveUndone();
        break;
      }
      ready.push(...(await ofRunningJobs(tasks)));
      for (; ready.length >= MESSAGES_PER_BATCH; ready = ready.slice(MESSAGES_PER_BATCH))
        await startSend(ready.slice(0, MESSAGES_PER_BATCH));
    }
    if (ready.length > 0) await startSend(ready);
    while (sends > 0) await underWay.someEnded();
    marks.flush();
    while (underWay.size > 0) await underWay.someEnded();
  } finally {
    // Nothing of it continues beside what follows.
    await underWay.settled();
  }
  return unended;
}

const hasEnded = (job: JobLookup | undefined): boolean => job !== undefined && isJob(job) && !isRunning(job);
