import type { Write } from '../../functions/copy-segment/stores.ts';
import type { ActionLog } from '../../functions/pass/action-log.ts';

/** The same port, and a record of every change that was made through it. */
export const recorded =
  (write: Write, record: ActionLog): Write =>
  async (changes) => {
    const outcomes = await write(changes);
    for (const [index, change] of changes.entries()) record(change, outcomes[index]?.kind ?? 'failed');
    return outcomes;
  };
