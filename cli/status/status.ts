import type { Environment } from '../explain/facts.ts';
import type { JobCondition } from '../explain/job-condition.ts';
import type { TaskCondition } from '../explain/task-condition.ts';

/** How a deployment does, at one moment. */
export interface Status {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly environment: Environment;
  readonly due: Due;
  readonly pending: Pending;
  readonly jobs: readonly JobStatus[];
  /** Jobs by state, those that are over included. */
  readonly jobsByState: Readonly<Record<string, number>>;
  /** Tasks that are held, by the node that holds them. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly signals: Signals;
  /** What could not be read, and why. */
  readonly notRead: readonly string[];
}

/** What passes should have looked at by now. */
export interface Due {
  readonly tasks: number;
  readonly jobs: number;
  /** Epoch milliseconds; undefined: nothing is due. */
  readonly oldest?: number | undefined;
}

/** Pending is three things. */
export interface Pending {
  readonly neverSent: number;
  readonly inQueue: number;
  readonly overdue: number;
}

/** How many are done of how many; undefined: nobody counts them. */
export interface Progress {
  readonly done?: number | undefined;
  readonly of?: number | undefined;
}

/** One job that is not over. */
export interface JobStatus {
  readonly jobId: string;
  readonly state: string;
  readonly tasks: Progress;
  readonly segments: Progress;
  readonly condition: JobCondition;
  /** The worst thing about its tasks, and how many are as bad. */
  readonly worst?: { readonly condition: TaskCondition; readonly count: number } | undefined;
}

/** What AWS alone knows; undefined: it was not read. */
export interface Signals {
  /** Messages within the last 15 minutes. */
  readonly traffic?: { readonly received: number; readonly deleted: number } | undefined;
  /** Age of the oldest message, in seconds. */
  readonly oldestMessageS?: number | undefined;
  readonly alarms?: Alarms | undefined;
  /** Invocations that failed or were never made. */
  readonly failedPasses?: number | undefined;
  readonly failedChecks?: number | undefined;
  readonly lastPass?: LastPass | undefined;
  readonly lastCheck?: LastPass | undefined;
}

/** The alarms of a stack. */
export interface Alarms {
  /** The one to look at first comes first. */
  readonly on: readonly AlarmOn[];
  readonly of: number;
  /** How many CloudWatch has no figures for. */
  readonly withoutData: number;
}

export interface AlarmOn {
  /** Its heading in RUNBOOK.md, which its name ends with. */
  readonly heading: string;
  /** Epoch milliseconds. */
  readonly since?: number;
}

/** How the last pass of a function ended, or that there was none for so long. */
export type LastPass =
  | {
      readonly kind: 'complete' | 'notComplete' | 'failed';
      /** Epoch milliseconds. */
      readonly at: number;
      readonly mode?: string;
      readonly problems: number;
    }
  | { readonly kind: 'none'; readonly withinMs: number };
