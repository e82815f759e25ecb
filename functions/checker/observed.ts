import type { CheckerStores } from './check-pass.ts';
import type { CheckRun } from './check-run.ts';

/** The same stores, watched: every change as it ended. */
export const observed = (
  { write, transact, ...reads }: CheckerStores,
  { onChange }: Pick<CheckRun, 'onChange'>,
): CheckerStores => ({
  ...reads,
  async write(changes) {
    const outcomes = await write(changes);
    for (const [index, change] of changes.entries()) onChange?.(change, outcomes[index]?.kind ?? 'failed');
    return outcomes;
  },
  async transact(parts) {
    const outcome = await transact(parts);
    for (const part of parts) if ('change' in part) onChange?.(part.change, outcome.kind);
    return outcome;
  },
});
