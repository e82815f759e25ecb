import { applied } from '../../copy-segment/change.ts';
import { MESSAGES_PER_BATCH } from '../../copy-segment/stores.ts';
import type { DispatchableTask, IndexedTask } from '../../copy-segment/task.ts';
import { enqueued, released } from '../../copy-segment/task-changes.ts';
import { type EnqueueReason, messageFor } from '../../copy-segment/task-message.ts';
import { slices } from '../../streams/slices.ts';
import type { OfKind } from '../judge.ts';
import { keyOfTask } from '../report/pass-report.ts';
import type { LanePass, Unfinished } from './lane.ts';
import { writeTasks } from './write-tasks.ts';

/** As many marks as one batch of statements takes. */
const MARKS_PER_BATCH = 25;

/**
 * Sends tasks to the scheduler: Pending ones, those whose expired lease it takes back first, and in a recovery those in
 * progress.
 *
 * @returns the tasks that were not released or not marked; those that failed are as they were read, and stay due
 */
export async function dispatch(
  pass: LanePass,
  judged: readonly OfKind<'enqueue' | 'release'>[],
): Promise<Unfinished> {
  const now = pass.now();
  const releases = new Map(
    judged.flatMap((verdict) =>
      verdict.kind === 'release' ? [[verdict.task, released(verdict.task, now, pass.shards)]] : [],
    ),
  );
  const unreleased = await writeTasks(pass, releases, 'released');
  const toEnqueue = judged.flatMap((verdict): ToEnqueue[] => {
    if (verdict.kind === 'enqueue') return [{ task: verdict.task, reason: verdict.messageReason }];
    const release = releases.get(verdict.task);
    return release && !unreleased.has(verdict.task)
      ? [{ task: applied(verdict.task, release), reason: 'lease-expired' }]
      : [];
  });
  return new Map<IndexedTask, 'failed' | 'movedOn'>([...unreleased, ...(await enqueue(pass, toEnqueue))]);
}

interface ToEnqueue {
  readonly task: DispatchableTask;
  readonly reason: EnqueueReason;
}

/**
 * Sends in order and one request after the other, so that messages arrive in it; marks those that SQS accepted while the
 * next ones are being sent. A crash in between sends a message twice, never not at all.
 */
async function enqueue(
  pass: LanePass,
  toEnqueue: readonly ToEnqueue[],
): Promise<Map<IndexedTask, 'failed' | 'movedOn'>> {
  const unmarked = new Map<IndexedTask, 'failed' | 'movedOn'>();
  const marking: Promise<void>[] = [];
  let accepted: { task: DispatchableTask; sentAt: number }[] = [];

  const mark = async (marks: typeof accepted): Promise<void> => {
    const changes = new Map(marks.map(({ task, sentAt }) => [task, enqueued(task, sentAt, pass.shards)]));
    const write: LanePass['write'] = async (batch) => {
      const outcomes = await pass.write(batch);
      pass.markBreaker.note(outcomes);
      return outcomes;
    };
    const because = 'sent, but not marked, so it will be sent again: ';
    for (const [task, why] of await writeTasks({ ...pass, write }, changes, 'enqueued', because))
      unmarked.set(task, why);
  };
  const unsent = (task: DispatchableTask, reason: string): void => {
    pass.tally.messages.failed++;
    pass.tally.tasks.failed++;
    pass.tally.problem({ key: keyOfTask(task), kind: 'failed', reason: `not sent: ${reason}` });
    unmarked.set(task, 'failed');
  };

  for (const batch of slices(toEnqueue, MESSAGES_PER_BATCH)) {
    if (pass.markBreaker.isOpen()) {
      for (const { task } of batch)
        unsent(task, 'marks fail, so what was sent would be sent again every minute');
      continue;
    }
    const sentAt = pass.now();
    const outcomes = await pass.queue.send(batch.map(({ task, reason }) => messageFor(task, reason, sentAt)));
    for (const [index, { task }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'sent') {
        pass.tally.messages.sent++;
        accepted.push({ task, sentAt });
      } else unsent(task, outcome?.reason ?? 'no answer');
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
