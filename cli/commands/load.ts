import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { WholeRecord } from '../action-log/operator-log.ts';
import { loadRecords } from '../dump-file/load-records.ts';
import { type DumpRecord, parseRecord } from '../dump-file/record.ts';
import { type Line, linesOf, readLines, textOf } from '../restore-file/read-lines.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import type { Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { UserError } from '../user-error.ts';
import {
  addCommand,
  type CommandCall,
  type CommandEnd,
  type Exit,
  isConfirmed,
  yesOption,
} from './command.ts';
import { EXIT } from './exit-code.ts';

interface LoadOptions {
  readonly overwrite?: true;
  readonly yes?: true;
}

const DESCRIPTION = `Puts the items of a dump into the tables, markers and all; - is standard input.

An item that is there already is left as it is: load the same file again after
any error. It says how many were there with another content, and ends with 1.`;

const EXAMPLES = `  copy-segment load restore.ndjson --stack Replica
  copy-segment dump --stack A | copy-segment load - --stack B
  copy-segment load restore.ndjson --overwrite
      puts every item, over whatever is there`;

/** Adds `load FILE`. */
export function addLoad(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand<LoadOptions>(program, surroundings, exit, {
    usage: 'load <file>',
    summary: 'put the items of a dump into the tables',
    description: DESCRIPTION,
    examples: EXAMPLES,
    exitCodes: 'Exit codes: 0 loaded, 1 items were there with another content, 2 usage, 3 AWS.',
    options: [new Option('--overwrite', 'replace items that are there'), yesOption()],
    run: load,
  });
}

async function load(call: CommandCall<LoadOptions>): Promise<CommandEnd> {
  const { connection, options, signal } = call;
  const overwrite = options.overwrite === true;
  if (overwrite && !(await isConfirmed(`Replace items of ${connection.name}?`, call)))
    throw new UserError(
      'Nothing was written: --overwrite replaces items. Where nobody can be asked, add --yes.',
    );
  let items = 0;
  const onWritten = (count: number): void => {
    items += count;
  };
  let isWhole = false;
  const loaded = await loadRecords(connection, recordsOf(call), { overwrite, signal, onWritten })
    .then((all) => {
      isWhole = true;
      return all;
    })
    .finally(() => {
      if (items > 0) call.actionLog.whole(loadedRecord(call, items, isWhole));
    });
  const { written, same, kept, keptNames } = loaded;
  const more = kept - keptNames.length;
  return {
    code: kept === 0 ? EXIT.ok : EXIT.wrong,
    json: { outcome: kept === 0 ? 'loaded' : 'kept', ...loaded },
    text: () =>
      [
        `Loaded ${countOf(written, 'item')}${same > 0 ? `; ${same} were there already` : ''}.`,
        ...(kept > 0
          ? [
              `${countOf(kept, 'item')} left as found: there with another content.`,
              ...keptNames.map((name) => `  ${name}`),
              ...(more > 0 ? [`  … and ${more} more`] : []),
              'To replace them: --overwrite',
            ]
          : []),
      ].join('\n'),
  };
}

/** Also of a load that ended with an error: what it had written is there, and a batch may be there in part. */
function loadedRecord(
  { args, options }: CommandCall<LoadOptions>,
  items: number,
  isWhole: boolean,
): WholeRecord {
  const source = args[0] === '-' ? 'standard input' : basename(args[0] as string);
  const over = options.overwrite ? ', over what was there' : '';
  return {
    what: 'loaded',
    table: 'all',
    after: { items },
    because: `${isWhole ? '' : 'at least '}${countOf(items, 'item')} from ${source}${over}`,
  };
}

async function* recordsOf({
  args,
  stdin,
  signal,
  options,
}: CommandCall<LoadOptions>): AsyncGenerator<DumpRecord> {
  const name = args[0] as string;
  if (name === '-') return yield* parsed(linesOf(stdin as unknown as AsyncIterable<Buffer>));
  const progress = progressBar('Loading', await sizeOf(name), !options.json);
  try {
    yield* parsed(readLines(name, signal), (line) => progress.reached(line.end));
  } finally {
    progress.end();
  }
}

/** @throws UserError when there is no such file */
async function sizeOf(name: string): Promise<number> {
  const found = await stat(name).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${name} cannot be read (${error.code}). load takes the file of a dump, or -.`);
  });
  if (found.isDirectory()) throw new UserError(`${name} is a folder. load takes the file of a dump, or -.`);
  return found.size;
}

/** @throws UserError that names the line */
async function* parsed(lines: AsyncIterable<Line>, onLine: (line: Line) => void = () => {}) {
  const iterator = lines[Symbol.asyncIterator]();
  for (;;) {
    const { value: line, done } = await iterator.next().catch((error: unknown) => {
      throw error instanceof UnreadableRestoreError ? new UserError(error.message) : error;
    });
    if (done) return;
    yield recordOn(line);
    onLine(line);
  }
}

function recordOn(line: Line): DumpRecord {
  try {
    return parseRecord(textOf(line));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `line ${line.number}: ${reason}\nWhat was before it may be loaded; the same again loads the rest.`,
    );
  }
}
