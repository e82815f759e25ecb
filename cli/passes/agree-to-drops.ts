import { type CommandCall, type CommandEnd, refusalOf } from '../commands/command.ts';
import { countOf } from '../terminal/count-of.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { countTasks, MIN_TASKS } from './count-tasks.ts';
import { actionLines } from './dry-run-text.ts';
import { localInspector } from './make-pass.ts';
import { assertTablesExist } from './pass-end.ts';
import { eventOf, type PassOptions } from './pass-options.ts';
import type { PlannedAction } from './planned-actions.ts';

/**
 * A pass by hand that would drop segments shows which before anything is done, and asks. The plan is that of a dry run in
 * this process, whoever makes the pass.
 *
 * @returns how the command ends if nobody agrees; undefined: go on
 */
export async function agreeToDrops(
  call: CommandCall<PassOptions>,
  mode: 'inspect' | 'recover',
): Promise<CommandEnd | undefined> {
  const { options, out } = call;
  if (options.dryRun) return undefined;
  const { drops, report } = await planned(call, mode);
  const { dropped, withheld } = report.segments;
  if (dropped === 0) return undefined;

  if (!options.json) {
    const room = options.all ? Number.POSITIVE_INFINITY : out.screen.maxLines - 1;
    const beyond =
      withheld === 0
        ? ''
        : `, and withhold ${withheld}, which are looked at again a quarter of an hour later`;
    const lines = actionLines(drops, out.screen, room, dropped);
    await out.write(`${lines.join('\n')}\nIt would drop ${countOf(dropped, 'segment')}${beyond}.\n`);
  }
  return refusalOf(call, 'Go on?', { wouldDrop: dropped, wouldWithhold: withheld, actions: drops });
}

/** What a pass would drop: the first drops, as many as are shown, and its report. */
async function planned(call: CommandCall<PassOptions>, mode: 'inspect' | 'recover') {
  const { options, out } = call;
  const most = options.all ? Number.POSITIVE_INFINITY : out.screen.maxLines;
  const total = mode === 'recover' ? await countTasks(call) : 0;
  const progress = progressBar('Planning', total, options.json !== true, MIN_TASKS);
  const drops: PlannedAction[] = [];
  let tasks = 0;
  const report = await localInspector(call)(
    { mode, ...eventOf(options), dryRun: true },
    {
      onTask: () => progress.reached(++tasks),
      onAction(action) {
        const isDrop = action.action === 'drop' && action.on.startsWith('segment ');
        if (isDrop && drops.length < most) drops.push(action);
      },
    },
  ).finally(progress.end);
  await assertTablesExist(call, report);
  return { drops, report };
}
