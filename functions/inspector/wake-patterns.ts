import type { JobState } from '../copy-segment/job.ts';
import type { TaskState } from '../copy-segment/task.ts';
import { LEASES_LOST } from '../copy-segment/task-changes.ts';
import { type EventPattern, wasNot } from '../pass/event-pattern.ts';

const PENDING: TaskState = 'Pending';
const IN_PROGRESS: TaskState = 'InProgress';
const FAILED: TaskState & JobState = 'Failed';

/**
 * What on Tasks makes something due for the inspector. Nothing that a pass writes is among it, or each pass would
 * wake the next one: test/wake-patterns.test.ts holds every change against this.
 */
export const WAKES_INSPECTOR_ON_TASKS: readonly EventPattern[] = [
  // Created.
  {
    dynamodb: {
      OldImage: { state: { S: [{ exists: false }] } },
      NewImage: { state: { S: [PENDING] } },
    },
  },
  // Given back by its worker. A pass that releases it removes `enqueuedAt`, which is how the two are told apart.
  {
    dynamodb: {
      OldImage: { state: { S: [IN_PROGRESS] } },
      NewImage: {
        state: { S: [PENDING] },
        enqueueCount: { N: ['0'] },
        enqueuedAt: { N: [{ exists: true }] },
      },
    },
  },
  // Failed, but not by a pass, which drops the targets of what it fails.
  {
    dynamodb: {
      OldImage: { state: wasNot(FAILED) },
      NewImage: {
        state: { S: [FAILED] },
        reason: { S: [{ exists: false }, { 'anything-but': [LEASES_LOST] }] },
      },
    },
  },
];

/** A job failed; a pass fails none. */
export const WAKES_INSPECTOR_ON_JOBS: readonly EventPattern[] = [
  { dynamodb: { OldImage: { state: wasNot(FAILED) }, NewImage: { state: { S: [FAILED] } } } },
];
