import { MESSAGES_PER_BATCH, type WriteOutcome } from '../../copy-segment/stores.ts';
import type { IndexedTask } from '../../copy-segment/task.ts';
import { type EnqueueReason, messageFor } from '../../copy-segment/task-message.ts';
import { slices } from '../../streams/slices.ts';
import type { Pass, Unfinished } from '../pass.ts';
import { keyOfTask } from '../report/pass-report.ts';

export interface ToEnqueue {
  readonly task: IndexedTask;
  readonly reason: EnqueueReason;
}

/** As many marks as one batch of statements takes. */
const MARKS_PER_BATCH = 25;

/**
 * Sends tasks to the scheduler, in their order and one request after the other, so that they arrive in it; then
 * marks those that SQS accepted while the next ones are being sent. A crash in between sends a message twice,
 * never not at all.
 *
 * @returns the tasks that are not marked; those that failed are as they were read, and stay due
 */
export async function dispatch(pass: Pass, toEnqueue: readonly ToEnqueue[]): Promise<Unfinished> {
  const unmarked = new Map<IndexedTask, 'failed' | 'movedOn'>();
  const marking: Promise<void>[] = [];
  let accepted: { task: IndexedTask; sentAt: number }[] = [];

  const mark = async (marks: typeof accepted): Promise<void> => {
    const outcomes = await pass.tasks.mark(marks);
    for (const [index, { task }] of marks.entries()) {
      const outcome = outcomes[index] as WriteOutcome;
      if (outcome.kind === 'done') pass.tally.tasks.enqueued++;
      else if (outcome.kind === 'conditionFailed') {
        pass.tally.tasks.movedOn++;
        unmarked.set(task, 'movedOn');
      } else {
        unmarked.set(task, 'failed');
        fail(pass, task, `sent, but not marked, so it will be sent again: ${outcome.reason}`);
      }
    }
  };

  for (const batch of slices(toEnqueue, MESSAGES_PER_BATCH)) {
    const sentAt = pass.now();
    const outcomes = await pass.queue.send(batch.map(({ task, reason }) => messageFor(task, reason, sentAt)));
    for (const [index, { task }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'sent') {
        pass.tally.messages.sent++;
        accepted.push({ task, sentAt });
      } else {
        pass.tally.messages.failed++;
        unmarked.set(task, 'failed');
        fail(pass, task, `not sent: ${outcome?.reason ?? 'no answer'}`);
      }
    }
    if (accepted.length >= MARKS_PER_BATCH) {
      marking.push(mark(accepted.slice(0, MARKS_PER_BATCH)));
      accepted = accepted.slice(MARKS_PER_BATCH);
    }
  }
  if (accepted.length > 0) marking.push(mark(accepted));
  await Promise.all(marking);
  return unmarked;
}

function fail({ tally }: Pass, task: IndexedTask, reason: string): void {
  tally.tasks.failed++;
  tally.problem({ key: keyOfTask(task), kind: 'failed', reason });
}
