import { runCommandLine } from './command-line.ts';
import { EXIT } from './commands/exit-code.ts';
import { listenForInterruption } from './interruption.ts';
import { surroundingsOf } from './surroundings.ts';

const interruption = listenForInterruption(() => process.exit(EXIT.interrupted));

// Whoever reads the output may have enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  interruption.end();
});

const ended = runCommandLine(process.argv.slice(2), surroundingsOf(process, interruption)).then((code) => {
  process.exitCode = code;
});

void ended.finally(interruption.exit);
