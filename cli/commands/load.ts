import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { WholeRecord } from '../action-log/operator-log.ts';
import { countDifferences } from '../dump-file/compare-records.ts';
import { loadRecords } from '../dump-file/load-records.ts';
import { parsed, recordsOf } from '../dump-file/read-records.ts';
import type { DumpRecord } from '../dump-file/record.ts';
import { keepStandardInput } from '../restore-file/open-restore.ts';
import { linesOf } from '../restore-file/read-lines.ts';
import type { Surroundings } from '../surroundings.ts';
import { countOf } from '../terminal/count-of.ts';
import { wrapped } from '../terminal/wrapped.ts';
import { addCommand, type CommandCall, type CommandEnd, type Exit, refusalOf, yesOption } from './command.ts';
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
  const shown = { isShown: !options.json, signal };
  if (options.overwrite !== true)
    return loadedFrom(
      call,
      name === '-'
        ? parsed(linesOf(stdin as unknown as AsyncIterable<Buffer>))
        : recordsOf(name, 'Loading', shown),
    );

  // What would be replaced is found out first: the file is read twice.
  const kept = name === '-' ? await keepStandardInput(signal, stdin) : undefined;
  try {
    const path = kept?.path ?? name;
    const refusal = await agreeToReplace(call, path);
    return refusal ?? (await loadedFrom(call, recordsOf(path, 'Loading', shown)));
  } finally {
    await kept?.close();
  }
}

/** @returns how the command ends if nobody agrees; undefined: go on */
async function agreeToReplace(call: CommandCall<LoadOptions>, path: string): Promise<CommandEnd | undefined> {
  const { connection, options, out, signal } = call;
  const maxNamed = Math.min(MAX_NAMED, out.screen.maxLines - 2);
  const { count, first } = await countDifferences(
    connection,
    recordsOf(path, 'Comparing', { isShown: !options.json, signal }),
    {
      maxNamed,
      signal,
    },
  );
  if (count === 0) return undefined;
  if (!options.json) {
    const more = count - first.length;
    const lines = [
      `It would replace ${countOf(count, 'item')} of ${connection.name}, which differ in these attributes:`,
      ...first.map((line) => `  ${line}`),
      ...(more > 0 ? [`  … and ${more} more`] : []),
    ];
    await out.write(`${lines.map((line) => wrapped(line, out.screen.width)).join('\n')}\n`);
  }
  return refusalOf(call, `Replace ${countOf(count, 'item')}?`, { wouldReplace: count, first });
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
