import { slices } from '../../functions/streams/slices.ts';
import { type CommandCall, type CommandEnd, refusalOf } from '../commands/command.ts';
import { actionLines } from '../passes/dry-run-text.ts';
import { FunctionFailedError } from '../passes/invoke-function.ts';
import type { PassOptions } from '../passes/pass-options.ts';
import type { PlannedAction } from '../passes/planned-actions.ts';
import { recoverDeployment } from '../passes/recover-deployment.ts';
import { countOf } from '../terminal/count-of.ts';

/** Jobs of one recovery: an event must not grow without end. */
const JOBS_PER_RECOVERY = 1_000;

export type FixEnd = 'fixed' | { readonly refusal: CommandEnd } | { readonly failed: string };

/** Recovers jobs, once what that does was shown and agreed to. */
export async function fix(call: CommandCall<PassOptions>, jobIds: readonly bigint[]): Promise<FixEnd> {
  const { options, out } = call;
  const recover =
    (dryRun: boolean, onAction: (action: PlannedAction) => void = () => {}) =>
    async () => {
      for (const jobs of slices(jobIds.map(String), JOBS_PER_RECOVERY))
        await recoverDeployment(
          { ...call, options: { ...options, jobs, ...(dryRun && { dryRun: true as const }) } },
          { onAction },
        );
    };
  const actions: PlannedAction[] = [];
  await recover(true, (action) => actions.push(action))();
  if (!options.json) {
    const room = options.all ? Number.POSITIVE_INFINITY : out.screen.maxLines - 1;
    const lines = actionLines(actions, out.screen, room);
    await out.write(`\nA recovery of ${countOf(jobIds.length, 'job')} would do this:\n${lines.join('\n')}\n`);
  }
  const refusal = await refusalOf(call, 'Do it?', { actions });
  if (refusal) return { refusal };
  try {
    await recover(false)();
    return 'fixed';
  } catch (error) {
    if (error instanceof FunctionFailedError) return { failed: error.message };
    throw error;
  }
}
