import { absent, type Condition } from '../copy-segment/change.ts';
import type { Item } from '../copy-segment/item.ts';

/** What a publication makes of a target whose condition did not hold. */
export type TargetJudgement =
  /** To be published; `owner`: what its `jobId` must be. */
  | { readonly kind: 'open'; readonly owner: Condition }
  | { readonly kind: 'published' }
  /** `is`: why it can never be, "missing". */
  | { readonly kind: 'lost'; readonly is: string };

/**
 * Reads the item as it is. Absent, and NULL, is the owner of a segment of older writers: it is this job's, as it is when
 * it is dropped.
 *
 * @param segment strongly consistent, or undefined if there is none
 * @param jobId the job that publishes it
 */
export function judgeTarget(segment: Item | undefined, jobId: bigint): TargetJudgement {
  if (segment === undefined) return { kind: 'lost', is: 'missing' };
  const { state, jobId: owner } = segment;
  if (state === 'Dropped') return { kind: 'lost', is: 'Dropped' };
  if (owner !== undefined && owner !== null && owner !== jobId)
    return { kind: 'lost', is: `foreign: it belongs to job ${String(owner)}` };
  if (state === 'Flushed') return { kind: 'published' };
  return state === 'Importing'
    ? { kind: 'open', owner: owner === undefined ? absent : owner }
    : { kind: 'lost', is: `${String(state)}, not Importing` };
}
