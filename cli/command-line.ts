import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { describeError } from '../functions/copy-segment/describe-error.ts';
import { addAudit } from './commands/audit.ts';
import { addDump } from './commands/dump.ts';
import { EXIT, type ExitCode } from './commands/exit-code.ts';
import { addExplain } from './commands/explain.ts';
import { addLoad } from './commands/load.ts';
import { addLog } from './commands/log.ts';
import { addOperations } from './commands/operations.ts';
import { addPasses } from './commands/passes.ts';
import { addSchedules } from './commands/schedules.ts';
import { addStatus } from './commands/status.ts';
import { addSubmit } from './commands/submit.ts';
import { NoSuchTableError } from './connection/missing-tables.ts';
import { isAwsError } from './is-aws-error.ts';
import { type Surroundings, UnansweredError } from './surroundings.ts';
import { UserError } from './user-error.ts';

const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { version: string };

/**
 * Runs one command line to its end. Whatever goes wrong is told, never thrown.
 *
 * @param args without program and script
 */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { out, err, signal } = surroundings;
  let code: ExitCode = EXIT.ok;
  const exit = (ended: ExitCode): void => {
    code = ended;
  };
  const program = new Command('copy-segment')
    .description('Restores of Milvus snapshots, without a server.')
    .version(VERSION)
    .showHelpAfterError('(--help shows how)')
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
    })
    .exitOverride();
  addSubmit(program, surroundings, exit);
  addPasses(program, surroundings, exit);
  addStatus(program, surroundings, exit);
  addExplain(program, surroundings, exit);
  addOperations(program, surroundings, exit);
  addDump(program, surroundings, exit);
  addLoad(program, surroundings, exit);
  addLog(program, surroundings, exit);
  addSchedules(program, surroundings, exit);
  addAudit(program, surroundings, exit);

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has said what is wrong, or has shown the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof UnansweredError) {
      await err.write('Nothing was changed.\n');
      return EXIT.interrupted;
    }
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') return EXIT.interrupted;
    await err.write(`${textOf(error)}\n`);
    return error instanceof UserError ? EXIT.usage : isAwsError(error) ? EXIT.aws : EXIT.wrong;
  }
  return code;
}

function textOf(error: unknown): string {
  if (error instanceof UserError || error instanceof NoSuchTableError) return error.message;
  if (isAwsError(error)) return `AWS did not answer, or did not let it: ${describeError(error)}`;
  return error instanceof Error ? (error.stack ?? describeError(error)) : String(error);
}
