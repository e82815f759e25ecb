import type { Item } from '../../functions/copy-segment/item.ts';
import { spanText } from '../operate/time-text.ts';
import { GRACE_MS } from './condition.ts';
import type { QueueFacts } from './facts.ts';
import type { TaskCondition } from './task-condition.ts';

/**
 * A task whose message is not in the queue any more waits for nothing. SQS counts its messages approximately: one that was
 * sent a moment ago may not be among them yet.
 */
export function withMessage(
  condition: TaskCondition,
  { enqueuedAt }: Item,
  queue: QueueFacts,
  now: number,
): TaskCondition {
  if (condition.kind !== 'inQueue' || queue.kind !== 'read') return condition;
  const sentAt = typeof enqueuedAt === 'bigint' ? Number(enqueuedAt) : now;
  if (queue.visible + queue.inFlight > 0 || sentAt > now - GRACE_MS) return condition;
  return {
    kind: 'messageLost',
    level: 'late',
    because: `it was sent ${spanText(now - sentAt)} ago, nobody took it, and the queue is empty: its message is lost`,
  };
}
