import { InvalidEventError } from '../../functions/pass/event.ts';
import { type CommandCall, type CommandEnd, EXIT } from '../commands/command.ts';
import { nameMissingTables } from '../connection/missing-tables.ts';
import { folded } from '../terminal/folded.ts';
import { heightOf } from '../terminal/screen.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { UserError } from '../user-error.ts';
import { actionLines } from './dry-run-text.ts';
import { FunctionFailedError } from './invoke-function.ts';
import { passArgs } from './pass-args.ts';
import type { PassOptions } from './pass-options.ts';
import type { PlannedAction } from './planned-actions.ts';
import { type AnyReport, reportLines } from './report-text.ts';

/** Nothing is left to do, and nothing is wrong. */
export const isFine = ({ complete, problems, problemsOmitted }: AnyReport): boolean =>
  complete && problems.length + problemsOmitted === 0;

/**
 * How a command ends that made a pass.
 *
 * @param actions those of a dry run
 * @param next what happens afterwards, and when
 */
export function endOf(
  { options, commandFor, connection }: CommandCall<PassOptions>,
  what: string,
  report: AnyReport,
  actions: readonly PlannedAction[],
  next: string,
): CommandEnd {
  const isDry = options.dryRun === true;
  const all = options.all === true;
  const again = commandFor(...passArgs(report.mode, options, connection));
  return {
    code: isFine(report) ? EXIT.ok : EXIT.wrong,
    json: { report, ...(isDry ? { actions } : { next }) },
    text(screen) {
      const { isTerminal, width, maxLines } = screen;
      const below = [
        ...reportLines(what, report, screen, all),
        ...(isDry ? ['Nothing was written. To do it:', `  ${folded(again, width, '    ')}`] : []),
        ...(isDry || connection.isEmbedded ? [] : [wrapped(next, width)]),
      ];
      if (!isDry) return below.join('\n');
      const room = isTerminal && !all ? maxLines - 1 - heightOf(below, width) : Number.POSITIVE_INFINITY;
      return [...actionLines(actions, screen, room), '', ...below].join('\n');
    },
  };
}

/** A pass lists what it could not read; that a table is missing is no problem of an item. */
export async function assertTablesExist(
  { connection }: Pick<CommandCall<PassOptions>, 'connection'>,
  { problems }: AnyReport,
): Promise<void> {
  const said = problems.filter(({ kind }) => kind === 'failed').map(({ reason }) => reason);
  await nameMissingTables(connection, said.join('\n'));
}

/** What went wrong in a pass is told without a stack. */
export async function told(run: () => Promise<CommandEnd>): Promise<CommandEnd> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof InvalidEventError) throw new UserError(error.message);
    if (!(error instanceof FunctionFailedError)) throw error;
    const { message } = error;
    return { code: EXIT.wrong, json: { outcome: 'failed', reason: message }, text: () => message };
  }
}
