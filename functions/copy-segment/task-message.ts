import * as v from 'valibot';
import { isId, parseId } from './ids.ts';
import { listIssues, oneOf, type Reading } from './item.ts';
import type { DispatchableTask, TaskKey } from './task.ts';

const ENQUEUE_REASONS = ['pending', 'lease-expired', 'recovery'] as const;
export type EnqueueReason = (typeof ENQUEUE_REASONS)[number];

/** One message on the scheduler's queue; ids are strings in it, times epoch milliseconds. */
export interface TaskMessage {
  readonly key: TaskKey;
  readonly body: {
    readonly schema: 1;
    readonly jobId: string;
    readonly taskId: string;
    readonly collectionId: string;
    readonly taskVersion: number;
    readonly attempt: number;
    readonly reason: EnqueueReason;
    readonly enqueuedAt: number;
  };
}

/** The message that sends a task to the scheduler once more: its attempt is the enqueue count it leads to. */
export function messageFor(task: DispatchableTask, reason: EnqueueReason, now: number): TaskMessage {
  return {
    key: task,
    body: {
      schema: 1,
      jobId: String(task.jobId),
      taskId: String(task.taskId),
      collectionId: String(task.collectionId),
      taskVersion: task.taskVersion,
      attempt: task.enqueueCount + 1,
      reason,
      enqueuedAt: now,
    },
  };
}

/** What a worker needs of a message. */
export interface ReceivedMessage {
  readonly key: TaskKey;
  readonly taskVersion: number;
  readonly reason: EnqueueReason;
}

const idText = v.pipe(
  v.string('must be a decimal string'),
  v.transform(parseId),
  v.custom<bigint>(isId, 'must be between 1 and 2^63-1'),
);

const receivedBody = v.object(
  {
    schema: v.literal(1, 'must be 1'),
    jobId: idText,
    taskId: idText,
    taskVersion: v.pipe(v.number('must be a number'), v.safeInteger('must be whole'), v.minValue(0)),
    reason: oneOf(ENQUEUE_REASONS),
  },
  'must be a JSON object',
);

/** Reads the body of a message. What a worker has no use for may be missing. */
export function readTaskMessage(body: string): Reading<ReceivedMessage> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { ok: false, reason: 'the body is no JSON' };
  }
  const parsed = v.safeParse(receivedBody, json);
  if (parsed.success) {
    const { jobId, taskId, taskVersion, reason } = parsed.output;
    return { ok: true, value: { key: { jobId, taskId }, taskVersion, reason } };
  }
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`);
  return { ok: false, reason: listIssues(issues) };
}
