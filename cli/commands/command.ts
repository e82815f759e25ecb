import { type Command, Option } from 'commander';
import { describeError } from '../../functions/copy-segment/describe-error.ts';
import { createOperatorLog, type OperatorLog } from '../action-log/operator-log.ts';
import { connect } from '../connection/connect.ts';
import type { Connection } from '../connection/connection.ts';
import {
  addConnectionOptions,
  type ConnectionOptions,
  typedOptions,
} from '../connection/connection-options.ts';
import { nameMissingTables } from '../connection/missing-tables.ts';
import type { Surroundings } from '../surroundings.ts';
import { describeCost } from '../terminal/describe-cost.ts';
import type { Screen } from '../terminal/screen.ts';
import { whoActs } from '../who-acts.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit-code.ts';

/** What a command is given: its arguments and options, its deployment, and what is around it. */
export interface CommandCall<O> extends Surroundings {
  readonly args: readonly (string | undefined)[];
  readonly options: O & ConnectionOptions & { readonly json?: true; readonly who?: string };
  readonly connection: Connection;
  /** Where every change that the command makes is recorded. */
  readonly actionLog: OperatorLog;
  /** A command of this program for the same deployment, as somebody would type it. */
  readonly commandFor: (...args: readonly string[]) => readonly string[];
}

/** How a command ended. */
export interface CommandEnd {
  readonly code: ExitCode;
  /** For `--json`, ids as `bigint` or string; what the command cost is added. Undefined: the output is JSON anyway. */
  readonly json: object | undefined;
  /** For a person; empty if the command has written all there is itself. */
  readonly text: (screen: Screen) => string;
}

/** A command that works on a deployment. */
export interface CommandDefinition<O> {
  /** With its arguments: `explain <what>`. */
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  /** Lines of help: commands, each with what it does. */
  readonly examples: string;
  /** Where these do not say enough: 0 healthy, 1 something is stuck or wrong, 2 usage, 3 AWS. */
  readonly exitCodes?: string;
  readonly options?: readonly Option[];
  run(call: CommandCall<O>): Promise<CommandEnd>;
}

/** Tells how a command ended. */
export type Exit = (code: ExitCode) => void;

const EXIT_CODES = 'Exit codes: 0 healthy, 1 something is stuck or wrong, 2 usage, 3 AWS.';

/** Adds a command, with the options that every command has. */
export function addCommand<O>(
  program: Command,
  surroundings: Surroundings,
  exit: Exit,
  { usage, summary, description, examples, exitCodes = EXIT_CODES, options = [], run }: CommandDefinition<O>,
): void {
  const command = program.command(usage).summary(summary).description(description);
  for (const option of options) command.addOption(option);
  command.addOption(new Option('--json', 'print one JSON document'));
  addConnectionOptions(command)
    .addHelpText('after', `\nExamples:\n${examples}\n\n${exitCodes}`)
    .action(async () => {
      const given = command.opts<CommandCall<O>['options']>();
      const typed = typedOptions(command);
      const { now, signal, program: typedAs = ['copy-segment'] } = surroundings;
      const connection = await connect({ options: given, typed, now: now(), signal });
      const actionLog = createOperatorLog({
        connection,
        who: whoActs(given),
        now,
        isJson: given.json === true,
        err: surroundings.err,
      });
      try {
        const end = await run({
          ...surroundings,
          args: command.processedArgs,
          options: given,
          connection,
          actionLog,
          commandFor: (...args) => [...typedAs, ...args, ...typed],
        }).finally(actionLog.end);
        await show(end, connection, given.json === true, surroundings);
        exit(end.code);
      } catch (error) {
        await nameMissingTables(connection, describeError(error));
        throw error;
      } finally {
        await connection.close();
      }
    });
}

async function show(
  { json, text }: CommandEnd,
  { meter }: Connection,
  asJson: boolean,
  { out, err }: Surroundings,
): Promise<void> {
  if (asJson && json !== undefined) return out.write(`${documentOf(json, meter)}\n`);
  const shown = text(out.screen);
  if (shown !== '') await out.write(`${shown}\n`);
  await err.write(`${describeCost(meter)}\n`);
}

/**
 * What nothing destructive happens without: an answer on the terminal, or `--yes` where nobody can be asked, in a script and
 * where the output is one document.
 *
 * @param shown what was shown, for `--json`
 * @returns how the command ends if nobody agrees; undefined: go on
 */
export async function refusalOf(
  { options, confirm }: Pick<CommandCall<{ readonly yes?: true }>, 'options' | 'confirm'>,
  question: string,
  shown: object,
): Promise<CommandEnd | undefined> {
  const isAsked = confirm !== undefined && options.json !== true;
  if (options.yes === true || (isAsked && (await confirm(question)))) return undefined;
  return {
    code: isAsked ? EXIT.wrong : EXIT.usage,
    json: { outcome: 'notConfirmed', ...shown },
    text: () =>
      isAsked ? 'Nothing was changed.' : 'Nothing was changed: where nobody can be asked, add --yes.',
  };
}

/** The option that answers `refusalOf` in a script. */
export const yesOption = (): Option => new Option('--yes', 'do it without asking');

export { EXIT };
