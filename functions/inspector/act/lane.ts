import type { IndexedTask } from '../../copy-segment/task.ts';
import type { JudgedKind, OfKind } from '../judge.ts';
import type { Pass } from '../pass.ts';

/** Tasks that did not end as the pass wanted: their work failed, or somebody else changed them meanwhile. */
export type Unfinished = ReadonlyMap<IndexedTask, 'failed' | 'movedOn'>;

export type LanePass = Pick<
  Pass,
  'request' | 'write' | 'queue' | 'segments' | 'tally' | 'now' | 'shards' | 'markBreaker' | 'dropGuard'
>;

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
