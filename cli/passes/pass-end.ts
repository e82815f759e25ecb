import { InvalidEventError } from '../../functions/pass/event.ts';
import { type CommandCall, type CommandEnd, EXIT } from '../commands/command.ts';
import { shellLine } from '../terminal/shell-line.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { UserError } from '../user-error.ts';
import { actionLines } from './dry-run-text.ts';
import { FunctionFailedError } from './invoke-function.ts';
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
  const again = shellLine(
    commandFor(report.mode, ...(options.jobs ? ['--jobs', options.jobs.join(',')] : [])),
  );
  return {
    code: isFine(report) ? EXIT.ok : EXIT.wrong,
    json: { report, ...(isDry ? { actions } : { next }) },
    text: (screen) =>
      [
        ...(isDry ? [...actionLines(actions, screen, options.all === true), ''] : []),
        ...reportLines(what, report, screen),
        ...(isDry ? ['Nothing was written. To do it:', `  ${again}`] : []),
        ...(isDry || connection.isEmbedded ? [] : [wrapped(next, screen.width)]),
      ].join('\n'),
  };
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
