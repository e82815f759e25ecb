import type { IndexedTask } from '../../copy-segment/task.ts';
import type { JudgedKind, OfKind } from '../judge.ts';
import type { Pass } from '../pass.ts';

/** Why a task did not end as the pass wanted: its work failed, or somebody else changed it meanwhile. */
export type Unended = 'failed' | 'movedOn';

/** Tasks that did not end as the pass wanted. */
export type Unfinished = ReadonlyMap<IndexedTask, Unended>;

export type LanePass = Pick<
  Pass,
  | 'request'
  | 'write'
  | 'queue'
  | 'segments'
  | 'tally'
  | 'now'
  | 'shards'
  | 'markBreaker'
  | 'sendPace'
  | 'lookUpJobs'
  | 'expectation'
  | 'dropGuard'
> & {
  /** Whether to begin nothing more: what is left stays due, and the pass is not complete. */
  readonly isOver: () => boolean;
};

/** Carries out verdicts of the kinds that it is for, in their order. */
export type Lane<K extends JudgedKind> = (
  pass: LanePass,
  judged: readonly OfKind<K>[],
) => Promise<Unfinished>;

/** What the lanes of jobs work with: they walk a job's tasks, and may run out of time. */
export type JobPass = Pick<
  LanePass,
  'request' | 'write' | 'segments' | 'tally' | 'now' | 'shards' | 'dropGuard'
> &
  Pick<Pass, 'jobs' | 'tasks' | 'time' | 'onVerdict'>;
