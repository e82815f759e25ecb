import { Command, CommanderError } from 'commander';
import { EXIT } from './commands/exit-code.ts';
import { addSubmit } from './commands/submit.ts';
import { UserError } from './user-error.ts';

const program = new Command('copy-segment')
  .description('Restores of Milvus snapshots, without a server.')
  .showHelpAfterError('(--help shows how)')
  .exitOverride();
addSubmit(program, (code) => {
  process.exitCode = code;
});

// Whoever reads the output may have enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
});

program.parseAsync().catch((error: unknown) => {
  // Commander has said what is wrong, or has shown the help.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    console.error(error instanceof UserError ? error.message : error);
    process.exitCode = error instanceof UserError ? EXIT.usage : EXIT.wrong;
  }
});
