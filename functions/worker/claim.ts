import { applied } from '../copy-segment/change.ts';
import type { Job } from '../copy-segment/job.ts';
import { type ReceivedMessage, readTaskMessage } from '../copy-segment/task-message.ts';
import { type ClaimedTask, claimed } from '../copy-segment/worker-changes.ts';
import { judgeClaim, type Refusal } from './judge-claim.ts';
import type { LeaseConfig } from './lease.ts';
import { untilAnswered } from './until-answered.ts';
import { wasMade } from './was-made.ts';

/** How long a claim waits for DynamoDB to answer, in milliseconds; then the message is left for another. */
const CLAIM_PATIENCE_MS = 30_000;

export type ClaimOutcome =
  | {
      readonly kind: 'claimed';
      readonly task: ClaimedTask;
      readonly job: Job;
      readonly leaseExpiresAt: number;
    }
  | Refusal;

/**
 * Claims the task of a message.
 *
 * @throws TemporaryError if DynamoDB does not answer: nothing is claimed, or the lease runs out
 */
export function createClaim({
  items,
  nodeId,
  leaseMs,
  time,
}: LeaseConfig): (body: string) => Promise<ClaimOutcome> {
  // Two copies of a message in the hands of one worker: the item could not tell which of the two claims was made.
  const underWay = new Set<string>();

  const claimTask = async (message: ReceivedMessage): Promise<ClaimOutcome> => {
    const deadline = time.now() + CLAIM_PATIENCE_MS;
    const { jobId, taskId } = message.key;
    const [taskItem, jobItem] = await untilAnswered(
      () => Promise.all([items.read('tasks', { jobId, taskId }), items.read('jobs', { jobId })]),
      () => deadline,
      time,
    );
    const verdict = judgeClaim(message, taskItem, jobItem);
    if (verdict.kind !== 'claim') return verdict;

    const { task, job } = verdict;
    const leaseExpiresAt = time.now() + leaseMs;
    const change = claimed(task, nodeId, leaseExpiresAt);
    const outcome = await untilAnswered(
      () => items.update(change),
      () => deadline,
      time,
    );
    return outcome.kind === 'done' || wasMade(outcome.item, change, {})
      ? { kind: 'claimed', task: applied(task, change), job, leaseExpiresAt }
      : { kind: 'stale' };
  };

  return async (body) => {
    const message = readTaskMessage(body);
    if (!message.ok) return { kind: 'malformed', reason: message.reason };
    const { key, taskVersion } = message.value;
    const name = `${key.jobId}/${key.taskId}/${taskVersion}`;
    if (underWay.has(name)) return { kind: 'stale' };
    underWay.add(name);
    try {
      return await claimTask(message.value);
    } finally {
      underWay.delete(name);
    }
  };
}
