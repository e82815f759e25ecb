import { describeError } from '../copy-segment/describe-error.ts';
import type { Problems } from './problems.ts';
import type { TimeBudget } from './time-budget.ts';

/**
 * Told of the shards of a `due` index that cannot be read: the others go on without them.
 *
 * @param unread collects the errors
 */
export const noteUnread =
  (
    { tally, time }: { readonly tally: Pick<Problems<never>, 'problem'>; readonly time: TimeBudget },
    table: string,
    unread: unknown[],
  ) =>
  (shard: number, error: unknown): void => {
    if (time.signal.aborted) throw error;
    unread.push(error);
    tally.problem({
      key: { part: `due index of ${table}, shard ${shard}` },
      kind: 'failed',
      reason: `could not be read: ${describeError(error)}`,
    });
  };
