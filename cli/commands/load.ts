import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { WholeRecord } from '../action-log/operator-log.ts';
import { countDifferences } from '../dump-file/compare-records.ts';
import { loadRecords } from '../dump-file/load-records.ts';
import { type DumpRecord, parseRecord } from '../dump-file/record.ts';
import { keepStandardInput } from '../restore-file/open-restore.ts';
import { type Line, linesOf, readLines, textOf } from '../restore-file/read-lines.ts';
import { UnreadableRestoreError } from '../restore-file/unreadable-restore-error.ts';
import type { Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { wrapped } from '../terminal/wrapped.ts';
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
      puts every item, over whatever is there; shows what it replaces, and asks`;

/** Items that are named before they are replaced; the others are counted. */
const MAX_NAMED = 20;

/** Adds `load FILE`. */
export function addLoad(program: Command, surroundings: Surroundings, exit: Exit): void {
  addCommand<LoadOptions>(program, surroundings, exit, {
    usage: 'load <file>',
    summary: 'put the items of a dump into the tables',
    description: DESCRIPTION,
    examples: EXAMPLES,
    exitCodes:
      'Exit codes: 0 loaded; 1 items were there with another content, or nobody agreed\nto replace them; 2 usage, or --yes is missing in a script; 3 AWS.',
    options: [new Option('--overwrite', 'replace items that are there'), yesOption()],
    run: load,
  });
}

async function load(call: CommandCall<LoadOptions>): Promise<CommandEnd> {
  const { args, options, signal, stdin } = call;
  const name = args[0] as string;
  if (options.overwrite !== true)
    return loadedFrom(
      call,
      name === '-' ? parsed(linesOf(stdin as unknown as AsyncIterable<Buffer>)) : recordsOf(call, name),
    );

  // What would be replaced is found out first: the file is read twice.
  const kept = name === '-' ? await keepStandardInput(signal, stdin) : undefined;
  try {
    const path = kept?.path ?? name;
    const refusal = await agreeToReplace(call, path);
    return refusal ?? (await loadedFrom(call, recordsOf(call, path)));
  } finally {
    await kept?.close();
  }
}

/** @returns how the command ends if nobody agrees; undefined: go on */
async function agreeToReplace(call: CommandCall<LoadOptions>, path: string): Promise<CommandEnd | undefined> {
  const { connection, options, out, signal } = call;
  const isJson = options.json === true;
  const maxNamed = Math.min(MAX_NAMED, out.screen.maxLines - 2);
  const { count, first } = await countDifferences(connection, recordsOf(call, path, 'Comparing'), {
    maxNamed,
    signal,
  });
  if (count === 0) return undefined;
  if (!isJson) {
    const more = count - first.length;
    const lines = [
      `It would replace ${countOf(count, 'item')} of ${connection.name}, which differ in these attributes:`,
      ...first.map((line) => `  ${line}`),
      ...(more > 0 ? [`  … and ${more} more`] : []),
    ];
    await out.write(`${lines.map((line) => wrapped(line, out.screen.width)).join('\n')}\n`);
  }
  const isAsked = call.confirm !== undefined && !isJson;
  if (options.yes === true || (isAsked && (await isConfirmed(`Replace ${countOf(count, 'item')}?`, call))))
    return undefined;
  return {
    code: isAsked ? EXIT.wrong : EXIT.usage,
    json: { outcome: 'notConfirmed', wouldReplace: count, first },
    text: () =>
      isAsked ? 'Nothing was changed.' : 'Nothing was changed: where nobody can be asked, add --yes.',
  };
}

async function loadedFrom(
  call: CommandCall<LoadOptions>,
  records: AsyncIterable<DumpRecord>,
): Promise<CommandEnd> {
  const { connection, options, signal } = call;
  const overwrite = options.overwrite === true;
  let items = 0;
  const onWritten = (count: number): void => {
    items += count;
  };
  let isWhole = false;
  const loaded = await loadRecords(connection, records, { overwrite, signal, onWritten })
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

async function* recordsOf(
  { signal, options }: CommandCall<LoadOptions>,
  path: string,
  what = 'Loading',
): AsyncGenerator<DumpRecord> {
  const progress = progressBar(what, await sizeOf(path), !options.json);
  try {
    yield* parsed(readLines(path, signal), (line) => progress.reached(line.end));
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
