import type { Survey } from '../../functions/checker/survey.ts';
import type { Item } from '../../functions/copy-segment/item.ts';
import type { Task, TaskSighting } from '../../functions/copy-segment/task.ts';
import type { KnownJob } from '../../functions/inspector/verdict.ts';
import type { TaskCondition, TaskConditionKind } from './task-condition.ts';

/** What is known of the queue; `missing`: it was named, and is not there. */
export type QueueFacts =
  | { readonly kind: 'unnamed' | 'missing' }
  | { readonly kind: 'unread'; readonly reason: string }
  | {
      readonly kind: 'read';
      readonly visible: number;
      readonly inFlight: number;
      /** Messages that were received too often; undefined: the queue has no such place. */
      readonly deadLetters?: number;
      /** Why there is no telling how many there are. */
      readonly deadLettersUnread?: string;
    };

/** What is known of a schedule; `missing`: it was named, and is not there; `notDeployed`: the stack has none. */
export type ScheduleFacts =
  | { readonly kind: 'unnamed' | 'notDeployed' }
  | { readonly kind: 'missing'; readonly name: string }
  | { readonly kind: 'unread'; readonly reason: string }
  | {
      readonly kind: 'read';
      readonly isOn: boolean;
      /** As EventBridge Scheduler has it: `rate(1 minute)`. */
      readonly rate: string;
      /** Who paused it, why and when, if they said so. */
      readonly description?: string;
      /** When it was last changed, epoch milliseconds: no pass is to be expected from before. */
      readonly changedAt?: number;
    };

/** Whether the tables take writes; asked only when something is late. `denied`: whoever asks may not write. */
export type WriteFacts =
  | { readonly kind: 'unasked' | 'taken' | 'denied' }
  | { readonly kind: 'refused'; readonly table: string; readonly reason: string };

/** What is around the items. */
export interface Environment {
  readonly queue: QueueFacts;
  readonly queueName?: string | undefined;
  /** Why the last pass failed on the job, as its report says; undefined: it did not, or was not asked. */
  readonly lastPass?: string | undefined;
  readonly inspectorSchedule: ScheduleFacts;
  readonly checkerSchedule: ScheduleFacts;
  readonly writes: WriteFacts;
  /** Whether there are functions that commands could invoke. */
  readonly hasInspector: boolean;
  readonly hasChecker: boolean;
}

/** What the tasks of a job come to, for somebody who asks what holds it up. */
export interface TaskTally {
  readonly byState: Readonly<Record<string, number>>;
  readonly byCondition: Readonly<Partial<Record<TaskConditionKind, number>>>;
  /** The worst of them, on a closer look; of those that are late, the one that is so for the longest. */
  readonly worst?: WorstTask | undefined;
}

export interface WorstTask {
  readonly taskId: string;
  readonly condition: TaskCondition;
  /** How many targets it has, as far as they can be read. */
  readonly targets?: number | undefined;
  /** Epoch milliseconds. */
  readonly dueAt?: number | undefined;
  readonly leaseExpiresAt?: number | undefined;
}

/** Everything an explanation of a job or a task is made from. */
export interface Facts extends Environment {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly shards: number;
  readonly jobId: bigint;
  readonly job: KnownJob;
  readonly survey: Survey;
  readonly tally: TaskTally;
  /** The task that is asked about. */
  readonly task?: TaskSighting<Task> | undefined;
  /** Its target segments that exist. */
  readonly targets?: ReadonlyMap<bigint, Item> | undefined;
  /** When its submit last wrote a task or the job, epoch milliseconds. */
  readonly submittedAt?: number | undefined;
  /** A line of the action log's counts; undefined: it was not read. */
  readonly history?: string | undefined;
  /** What was not read, and why. */
  readonly unread: readonly string[];
}
