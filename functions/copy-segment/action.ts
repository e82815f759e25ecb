import type { RawId } from './ids.ts';

/** What a change is, for the record of actions; no write depends on it. */
export interface Action {
  /** One word, such as `dropped`: what the change did. */
  readonly what: ActionName;
  readonly because: string;
  /** On whose behalf, where the key of what is changed does not say so: a segment. */
  readonly jobId?: RawId;
  readonly taskId?: RawId;
}

export type ActionName =
  | 'enqueued'
  | 'released'
  | 'failed'
  | 'settled'
  | 'rested'
  | 'postponed'
  /** Its targets, or some of them, are not dropped yet: the pass had dropped as many as it may. */
  | 'withheld'
  /** A place was saved: a job too large for one pass. */
  | 'advanced'
  | 'dropped'
  | 'started'
  | 'publishing'
  | 'published'
  | 'completed'
  /** Given a marker, so that the next pass looks at it. */
  | 'marked'
  /** By hand: due now, whatever its marker said. */
  | 'requeued'
  /** By hand: out of the index. */
  | 'forgotten'
  /** All items of a restore, or of a dump: one line for the whole. */
  | 'submitted'
  | 'loaded';
